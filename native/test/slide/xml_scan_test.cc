#include "slide/xml_scan.h"

#include <string>

#include "test/check.h"

using namespace microtome;
using slide::XmlScan;

namespace {

// "+a" start, "-a" end, "=a" empty; in brackets the text before the tag.
std::string tags_of(std::string_view xml) {
  std::string text;
  XmlScan scan(xml);
  while (scan.next()) {
    const char kind = scan.kind() == XmlScan::Kind::Start ? '+' : scan.kind() == XmlScan::Kind::End ? '-' : '=';
    if (!text.empty()) text += ' ';
    if (!scan.text().empty()) text += "[" + std::string(scan.text()) + "]";
    text += kind + std::string(scan.name());
    if (xml.substr(scan.begin(), 1) != "<" || xml.substr(scan.end() - 1, 1) != ">") text += "?";
  }
  return text;
}

}  // namespace

TEST(tags_with_their_texts) {
  CHECK_EQ(tags_of("<a><b x='1'>text</b><c/></a>"), "+a +b [text]-b =c -a");
  CHECK_EQ(tags_of("<ome:Pixels a=\"x>y\" /><b\n>"), "=Pixels +b");
  CHECK_EQ(tags_of("<?xml version='1.0'?><!DOCTYPE x><a/>"), "[<?xml version='1.0'?><!DOCTYPE x>]=a");
  CHECK_EQ(tags_of("<!-- <a/> > --><b/>"), "[<!-- <a/> > -->]=b");
  CHECK_EQ(tags_of("<![CDATA[<a/>]]><b/>"), "[<![CDATA[<a/>]]>]=b");
  CHECK_EQ(tags_of("no tag at all"), "");
}

TEST(what_never_ends_is_no_tag) {
  for (const char* text : {"<", "<a", "<a x='>", "<!--", "<!-- >", "<![CDATA[ >", "<!", "<?", ""})
    CHECK_EQ(tags_of(text), "");
  CHECK_EQ(tags_of("<a/><b"), "=a");
  CHECK_EQ(tags_of("<></><//>"), "+ - -");
}

TEST(attributes) {
  const auto value = [](std::string_view name) {
    return std::string(slide::xml_attribute(" a='1' b = \"2\" c='x\"y' d=\"a='9'\"", name).value_or("none"));
  };
  CHECK_EQ(value("a"), "1");
  CHECK_EQ(value("b"), "2");
  CHECK_EQ(value("c"), "x\"y");
  CHECK_EQ(value("d"), "a='9'");
  CHECK_EQ(value("e"), "none");
  CHECK(!slide::xml_attribute("a=1", "a"));
  CHECK(!slide::xml_attribute("a='1", "a"));
  CHECK(!slide::xml_attribute("", "a"));
}

TEST(counts) {
  CHECK(slide::parse_count(" 12\n") == 12u);
  CHECK(slide::parse_count("18446744073709551615") == 18446744073709551615u);
  for (const char* text : {"", "-1", "+1", "1.0", "18446744073709551616", "0x1", "1 2"})
    CHECK(!slide::parse_count(text));
}

TEST_MAIN
