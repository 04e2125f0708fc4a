#include "slide/resolution.h"

#include <algorithm>
#include <limits>

#include "slide/dialects/aperio.h"
#include "slide/dialects/ome_xml.h"
#include "slide/numeric_text.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Mpp;
using slide::Slide;

namespace {

TiffDirectory image() { return tiff_image(16, 16, 16); }

std::shared_ptr<const Slide> slide_of(TiffDirectory directory, TiffWriter::Format format = {}) {
  TiffWriter file(format);
  file.add(std::move(directory));
  return Slide::open(file.source());
}

std::optional<Mpp> mpp_of(TiffDirectory directory, std::optional<double> option = {}) {
  TiffWriter file;
  file.add(std::move(directory));
  slide::OpenOptions options;
  options.slide_mpp = option;
  return Slide::open(file.source(), options)->mpp();
}

TiffDirectory with_tags(std::uint64_t x, std::uint64_t y, std::uint64_t denominator, std::uint64_t unit) {
  return image()
      .rational(tag::kXResolution, x, denominator)
      .rational(tag::kYResolution, y, denominator)
      .set(tag::kResolutionUnit, {unit});
}

std::string ome(const std::string& attributes) {
  return "<?xml version=\"1.0\"?><!-- Pixels <Pixels PhysicalSizeX=\"9\" PhysicalSizeY=\"9\"/> --><OME><Image "
         "Name=\"a > b\"><Pixels ID=\"Pixels:0\" " +
         attributes + "><Channel/></Pixels></Image></OME>";
}

void check_mpp(const std::optional<Mpp>& mpp, double x, double y, const std::string& source, bool trusted) {
  CHECK(mpp.has_value());
  if (!mpp) return;
  CHECK(std::abs(mpp->x - x) < 1e-6 * x);
  CHECK(std::abs(mpp->y - y) < 1e-6 * y);
  CHECK_EQ(mpp->source, source);
  CHECK_EQ(mpp->trusted, trusted);
}

}  // namespace

TEST(option_before_aperio_before_ome_before_tags) {
  const std::string both = "Aperio|MPP = 0.25|" + ome("PhysicalSizeX=\"0.5\" PhysicalSizeY=\"0.5\"");
  const auto all = with_tags(20000, 20000, 1, 3).text(tag::kDescription, both);
  check_mpp(mpp_of(all, 0.7), 0.7, 0.7, "option", true);
  check_mpp(mpp_of(all), 0.25, 0.25, "aperio", true);
  auto broken = with_tags(20000, 20000, 1, 3).text(tag::kDescription, "Aperio|MPP = unknown");
  check_mpp(mpp_of(broken), 0.5, 0.5, "tiff", true);
  auto xml = with_tags(20000, 20000, 1, 3).text(tag::kDescription, ome("PhysicalSizeX=\"0.3\" PhysicalSizeY=\"0.4\""));
  check_mpp(mpp_of(xml), 0.3, 0.4, "ome", true);  // not square: reported as it is
  CHECK(!mpp_of(image()));
}

TEST(a_bad_option_is_refused) {
  for (const double bad :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    CHECK_THROWS(INVALID_OPTION, (void)mpp_of(image(), bad));
}

TEST(tiff_tags) {
  check_mpp(mpp_of(with_tags(10260531, 10260531, 512, 3)), 0.499, 0.499, "tiff", true);
  check_mpp(mpp_of(with_tags(50800, 50800, 1, 2)), 0.5, 0.5, "tiff", true);
  check_mpp(mpp_of(with_tags(50800, 25400, 1, 2).remove(tag::kResolutionUnit)), 0.5, 1, "tiff", true);  // inches
  check_mpp(mpp_of(with_tags(72, 72, 1, 2)), 352.7777778, 352.7777778, "tiff", false);
  check_mpp(mpp_of(with_tags(20000000, 20000000, 1, 3)), 0.0005, 0.0005, "tiff", false);
  CHECK(!mpp_of(with_tags(10, 10, 1, 3)));        // what libvips writes when it knows nothing
  CHECK(!mpp_of(with_tags(254, 254, 10, 2)));     // the same in inches
  CHECK(!mpp_of(with_tags(20000, 20000, 1, 1)));  // no unit
  CHECK(!mpp_of(with_tags(20000, 20000, 0, 3)));
  CHECK(!mpp_of(with_tags(0, 0, 1000, 3)));
  CHECK(!mpp_of(with_tags(0, 0, 0, 3)));
  CHECK(!mpp_of(with_tags(1, 1, 1, 3).remove(tag::kYResolution)));
  CHECK(!mpp_of(with_tags(20000, 20000, 1, 3).claim_offset(tag::kXResolution, 0x7FFFFFFF)));
}

TEST(resolution_tags_of_every_type_of_number) {
  for (const bool big_tiff : {false, true})
    for (const bool big_endian : {false, true}) {
      const TiffWriter::Format format{big_tiff, big_endian};
      const auto both = [&](auto set) {
        auto directory = image().set(tag::kResolutionUnit, {3});
        set(directory, tag::kXResolution);
        set(directory, tag::kYResolution);
        return slide_of(directory, format)->mpp();
      };
      check_mpp(both([](auto& to, auto tag) { to.real(tag, 20000.0F); }), 0.5, 0.5, "tiff", true);
      check_mpp(both([](auto& to, auto tag) { to.real(tag, 20000.0); }), 0.5, 0.5, "tiff", true);
      check_mpp(both([](auto& to, auto tag) { to.signed_rational(tag, 40000, 2); }), 0.5, 0.5, "tiff", true);
      check_mpp(both([](auto& to, auto tag) { to.signed_rational(tag, -40000, -2); }), 0.5, 0.5, "tiff", true);
      for (const std::uint16_t type :
           {type::kShort, type::kLong, type::kSignedShort, type::kSignedLong, type::kLong8, type::kSignedLong8})
        check_mpp(both([type](auto& to, auto tag) { to.set(tag, {20000}, type); }), 0.5, 0.5, "tiff", true);
      check_mpp(both([](auto& to, auto tag) { to.set(tag, {100}, type::kSignedByte); }), 100, 100, "tiff", false);
    }
}

TEST(a_resolution_that_is_none_is_absent_and_told) {
  const auto refused = [](TiffDirectory directory, const char* part) {
    const auto slide = slide_of(directory.set(tag::kResolutionUnit, {3}));
    const auto& warnings = slide->warnings();
    const bool told = std::any_of(warnings.begin(), warnings.end(),
                                  [part](const std::string& text) { return text.find(part) != std::string::npos; });
    if (slide->mpp() || !told) fail(__FILE__, __LINE__, std::string("expected a warning with ") + part);
  };
  const auto good = [] { return image().rational(tag::kXResolution, 20000, 1).rational(tag::kYResolution, 20000, 1); };
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  refused(good().real(tag::kXResolution, -20000.0), "XResolution is -20000");
  refused(good().real(tag::kYResolution, 0.0F), "YResolution is 0");
  refused(good().real(tag::kXResolution, std::numeric_limits<double>::quiet_NaN()), "nan");
  refused(good().real(tag::kXResolution, kInfinite), "XResolution is inf");
  refused(good().real(tag::kYResolution, -std::numeric_limits<float>::infinity()), "YResolution is -inf");
  refused(good().rational(tag::kXResolution, 20000, 0), "XResolution is inf");
  refused(good().rational(tag::kXResolution, 0, 5), "XResolution is 0");
  refused(good().signed_rational(tag::kXResolution, 20000, -1), "XResolution is -20000");
  refused(good().set(tag::kXResolution, {0xFFFF}, type::kSignedShort), "XResolution is -1");
  refused(good().text(tag::kXResolution, "20000"), "XResolution has type 2");
  // Finite, and none in micrometres.
  CHECK(!mpp_of(good().real(tag::kXResolution, 1e308).real(tag::kYResolution, 5e-324)));
}

TEST(nothing_is_said_of_tags_that_are_not_used) {
  auto directory = image().text(tag::kDescription, "Aperio|MPP = 0,25").real(tag::kXResolution, -1.0);
  directory.real(tag::kYResolution, -1.0);
  const auto slide = slide_of(directory);
  check_mpp(slide->mpp(), 0.25, 0.25, "aperio", true);
  CHECK(slide->warnings().empty());
}

TEST(an_mpp_that_is_no_number_is_told) {
  const auto slide = slide_of(image().text(tag::kDescription, "Aperio|MPP = un\x1B\xC3known|AppMag = 20"));
  CHECK(!slide->mpp());
  CHECK_EQ(slide->warnings().size(), 1u);
  CHECK(slide->warnings().front().find("MPP = \"un??known\"") != std::string::npos);
  const auto pixels = slide_of(image().text(tag::kDescription, ome("PhysicalSizeX='1' PhysicalSizeXUnit='pixel' "
                                                                   "PhysicalSizeY='1' PhysicalSizeYUnit='pixel'")));
  CHECK(!pixels->mpp());
  CHECK_EQ(pixels->warnings().size(), 1u);
}

TEST(a_description_beyond_the_end_costs_the_resolution_only) {
  TiffWriter file;
  file.add(image().text(tag::kDescription, "Aperio|MPP = 0.25").claim_offset(tag::kDescription, 0x7FFFFFFF));
  const auto slide = Slide::open(file.source());
  CHECK(!slide->mpp());
  CHECK_EQ(slide->warnings().size(), 1u);
}

TEST(aperio_fields) {
  CHECK(slide::aperio_mpp("Aperio|AppMag = 20|MPP = 0.4990|Left = 25") == 0.499);
  CHECK(slide::aperio_mpp("Aperio\r\nMPP=0.25") == 0.25);
  CHECK(slide::aperio_mpp("Aperio| MPP\t=  .5 ") == 0.5);
  CHECK(!slide::aperio_mpp("Aperio|XMPP = 0.25"));
  CHECK(slide::aperio_mpp("Aperio|AppMag = 20|MPP = 0,499000|Left = 25") == 0.499);
  CHECK(!slide::aperio_mpp("Aperio|MPP = 0,499,000"));
  CHECK(!slide::aperio_mpp("Aperio|MPP = 0.25 um"));
  CHECK(!slide::aperio_mpp("Aperio|MPP = -0.25"));
  CHECK(!slide::aperio_mpp("Aperio|MPP = 0"));
  CHECK(!slide::aperio_mpp("Aperio|MPP = nan"));
  CHECK(!slide::aperio_mpp("Aperio|MPP = 1e999"));
  CHECK(!slide::aperio_mpp("Aperio|MPP ="));
  CHECK(!slide::aperio_mpp("Aperio|MPP"));
}

TEST(ome_units) {
  const auto size = [](const std::string& unit) {
    const auto found = slide::ome_pixel_size(ome("PhysicalSizeX='2' PhysicalSizeXUnit='" + unit +
                                                 "' PhysicalSizeY = \"2\" PhysicalSizeYUnit=\"" + unit + "\""));
    return found ? found->x_um : -1;
  };
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-12 * b; };
  CHECK(near(size("\xC2\xB5m"), 2));
  CHECK(near(size("\xCE\xBCm"), 2));
  CHECK(near(size("&#181;m"), 2));
  CHECK(near(size("nm"), 0.002));
  CHECK(near(size("mm"), 2000));
  CHECK(near(size("cm"), 20000));
  CHECK(near(size("m"), 2e6));
  CHECK(near(size("\xC3\x85"), 0.0002));
  // Character references in every spelling, of both micro signs and of Angstrom.
  for (const char* micro : {"&#181;m", "&#xB5;m", "&#xb5;m", "&#Xb5;m", "&#x00B5;m", "&#0181;m", "&micro;m", "&#956;m",
                            "&#x3BC;m", "&#x3bc;m", "&mu;m", " \xC2\xB5m ", "\xB5m", "um", "&#117;m"})
    CHECK(near(size(micro), 2));
  for (const char* angstrom : {"&#197;", "&#xC5;", "&Aring;", "&#x212B;", "\xE2\x84\xAB", "A\xCC\x8A", "A&#x30A;"})
    CHECK(near(size(angstrom), 0.0002));
  const std::pair<const char*, double> units[] = {
      {"Ym", 1e30},   {"Zm", 1e27},   {"Em", 1e24},      {"Pm", 1e21},        {"Tm", 1e18},       {"Gm", 1e15},
      {"Mm", 1e12},   {"km", 1e9},    {"hm", 1e8},       {"dam", 1e7},        {"dm", 1e5},        {"pm", 1e-6},
      {"fm", 1e-9},   {"am", 1e-12},  {"zm", 1e-15},     {"ym", 1e-18},       {"thou", 25.4},     {"in", 25400},
      {"ft", 304800}, {"yd", 914400}, {"mi", 1609344e3}, {"pt", 25400. / 72}, {"li", 25400. / 12}};
  for (const auto& [name, um] : units) CHECK(near(size(name), 2 * um));
  for (const char* none : {"reference frame", "IN", "MM", "&#181;", "&#;m", "&#x;m", "&#181m", "&micro", "&#0;m",
                           "&#xD800;m", "&#1114112;m", "&#99999999999;m", "&unknown;m"})
    CHECK_EQ(size(none), -1);
  CHECK_EQ(size("pixel"), -1);
  CHECK_EQ(size(""), -1);
}

TEST(ome_texts) {
  const auto found = slide::ome_pixel_size(ome("PhysicalSizeY=\"0.5\" SizeX=\"1\" PhysicalSizeX=\"0.25\""));
  CHECK(found && found->x_um == 0.25 && found->y_um == 0.5);
  CHECK(slide::ome_pixel_size("<ome:OME><ome:Pixels PhysicalSizeX=\"1\" PhysicalSizeY=\"1\"/>").has_value());
  for (const std::string attributes :
       {"", "PhysicalSizeX=\"1\"", "PhysicalSizeX=\"1\" PhysicalSizeY=\"\"",
        "PhysicalSizeX=\"one\" PhysicalSizeY=\"1\"", "PhysicalSizeX=\"-1\" PhysicalSizeY=\"1\"",
        "PhysicalSizeX=1 PhysicalSizeY=1", "PhysicalSizeX PhysicalSizeY",
        // Numbers that leave their range with the unit.
        "PhysicalSizeX=\"1e306\" PhysicalSizeXUnit=\"m\" PhysicalSizeY=\"1\"",
        "PhysicalSizeX=\"1\" PhysicalSizeY=\"1e-323\" PhysicalSizeYUnit=\"nm\""})
    CHECK(!slide::ome_pixel_size(ome(attributes)));
  const std::string whole = ome("PhysicalSizeX=\"0.25\" PhysicalSizeY=\"0.5\"");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = slide::ome_pixel_size(whole.substr(0, size));
    CHECK(!cut || (cut->x_um == 0.25 && cut->y_um == 0.5));  // never a part of a number, never the comment's
  }
  CHECK(!slide::ome_pixel_size("<Pixels PhysicalSizeX=\"1\" PhysicalSizeY=\"1"));
  CHECK(!slide::ome_pixel_size(std::string(100000, '<')));
}

TEST(ome_sizes_with_a_comma_and_references) {
  const auto found = slide::ome_pixel_size(ome("PhysicalSizeX=\"0,25\" PhysicalSizeY=\"0&#46;5\""));
  CHECK(found && found->x_um == 0.25 && found->y_um == 0.5);
  CHECK(!slide::ome_pixel_size(ome("PhysicalSizeX=\"1.000,25\" PhysicalSizeY=\"1\"")));
}

TEST(numbers_in_texts) {
  CHECK(slide::parse_positive("0,5") == 0.5);
  CHECK(slide::parse_positive(" 2,5e-1 ") == 0.25);
  CHECK(slide::parse_positive(",5") == 0.5);
  CHECK(slide::parse_positive("0," + std::string(61, '0') + "5").has_value());
  for (const char* bad : {",", "0,5,", "1,000.5", "1.000,5", "1,,5", "-0,5", "0,0", "0,5 um"})
    CHECK(!slide::parse_positive(bad));
  CHECK(!slide::parse_positive("0," + std::string(100, '1')));
  CHECK(slide::parse_positive(" +1.5e-1\n") == 0.15);
  for (const char* bad : {"", " ", "+", "1.5.", "0x10", "inf", "1 2", "--1"}) CHECK(!slide::parse_positive(bad));
}

TEST_MAIN
