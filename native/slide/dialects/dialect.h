// A dialect of TIFF: what a scanner or a program means by the pages that it writes. One file for each, and one line in
// dialects.def. What a dialect does not say otherwise is as in any TIFF: TiffRules itself is the dialect "generic".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slide/page.h"
#include "slide/property_list.h"
#include "slide/slide.h"
#include "slide/tiff_reader.h"

namespace microtome::slide {

// A file whose dialect is not yet known: all its pages, read. Valid during the call only.
struct TiffContents {
  const std::vector<FoundDirectory>& directories;  // a page's is directories[page.directory]
  const std::vector<Page>& pages;                  // at least one; the first is page 0, if that could be read
  const std::string& description;                  // of page 0; cut at limits.metadata_bytes
  const Limits& limits;
};

// The page that is the slide.
struct SlidePage {
  const Page& page;
  const TiffDirectory& directory;
  const std::string& description;  // its own, whole
};

// A level that is put together of pages; all in its own pixels.
struct LaidLevel {
  struct Place {
    std::size_t page = Page::kNone;  // in the list of pages; kNone: the file has no such page
    std::int64_t x_px = 0;
    std::int64_t y_px = 0;
  };

  double width_px = 0;  // whole numbers, but perhaps too large for a level
  double height_px = 0;
  double factor = 1;  // level-0 pixels under a pixel, each way
  std::vector<Place> places;
};

// Thrown by TiffDialect::rules: read here the file would give wrong pixels, and another driver may know better. Where
// the caller has none of that name it is an error like any other. found() is why, as half a sentence.
class LeftToDriver final : public Error {
 public:
  explicit LeftToDriver(const std::string& why)
      : Error(Code::UNSUPPORTED_PIXELS, Stage::Slide, why, "read it with OpenSlide: pass [[driver=openslide]]") {}
  static constexpr std::string_view kDriver = "openslide";
};

// What holds in one file. Read from its texts when it is made, and not changed afterwards: safe to use from any thread.
class TiffRules {
 public:
  virtual ~TiffRules() = default;

  // --- The pages, one by one.

  // True where the beginning of a description says enough; else one that is longer than limits.metadata_bytes refuses
  // the file.
  [[nodiscard]] virtual bool needs_no_end(std::string_view description) const;
  // Changes how a page's pixels are found, where that is not as its tags say. An Error is the page's `error`.
  virtual void read_pixels(const FoundDirectory& found, const Limits& limits, Page& page,
                           std::vector<std::string>& warnings) const;
  // What the page is, where it is no part of the slide: "label", "macro", "thumbnail", "overview", or any other name
  // for it; empty else. May set Page::reduced.
  [[nodiscard]] virtual std::string mark(Page& page) const;
  // Marks what only shows beside the other pages. Called when all pages went through mark().
  virtual void mark_together(std::vector<Page>& pages) const;

  // --- Pages that belong together.

  // Fills Page::image, where a file has several images with pages of their own. Called before mark().
  virtual void assign_images(std::vector<Page>& pages) const;
  [[nodiscard]] virtual std::string_view image_word() const;  // what such an image is called: "OME image"
  // True: the pages of an image may be its levels; else they are its planes, and levels are their SubIFDs.
  [[nodiscard]] virtual bool images_hold_levels() const;
  // The page that is the slide; nothing: the largest one that is not marked.
  [[nodiscard]] virtual std::optional<std::size_t> slide_page(const std::vector<Page>& pages) const;
  // Joins the pages of single colours into `pages[slide]` (colour_planes.h). Throws UNSUPPORTED_PIXELS for channels
  // that are no colours.
  virtual void join_planes(std::vector<Page>& pages, std::size_t slide, std::vector<std::string>& warnings) const;

  // --- Levels and associated images.

  // Levels that are put together of pages, largest first; empty: each level is one page.
  [[nodiscard]] virtual std::vector<LaidLevel> laid_levels() const;

  // True: levels are padded to whole tiles. Sizes that show it by themselves need no word.
  [[nodiscard]] virtual bool pads_levels() const;
  // How many level-0 pixels lie under a pixel of the page, each way, where the file says so.
  [[nodiscard]] virtual std::optional<std::int64_t> level_factor(const Page& page,
                                                                 const std::vector<Page>& pages) const;
  // Why the page is marked, as a part of a sentence, where that is worth a warning about a page that fits a level.
  [[nodiscard]] virtual std::string_view doubtful_mark(const Page& page) const;
  // True: the first page in strips that has no name is the thumbnail.
  [[nodiscard]] virtual bool strips_are_thumbnail() const;

  // --- What the file says of itself.

  // Microns per pixel of the slide, or nothing: then the resolution tags count. `warnings` gets what is stated and of
  // no use. Not asked where the caller knows the resolution.
  [[nodiscard]] virtual std::optional<Mpp> resolution(const SlidePage& slide, std::vector<std::string>& warnings) const;
  // What a reader of the result should know of the choice of `pages[slide]`.
  [[nodiscard]] virtual std::vector<std::string> remarks(const std::vector<Page>& pages, std::size_t slide) const;
  // Adds properties of its own names; those of any TIFF ("tiff.Make") are there already.
  virtual void add_properties(PropertyList& properties) const;
};

struct TiffDialect {
  std::string_view name;  // "aperio": what OpenOptions::driver says
  // What in the file makes it one of these, as half a sentence; nothing where it is none.
  std::optional<std::string> (*detect)(const TiffContents& file);
  // Throws as Slide::open, for a file that would be read wrong.
  std::unique_ptr<const TiffRules> (*rules)(const TiffContents& file);
};

// For a class that is made from the contents, with a static `detect`.
template <typename Rules>
[[nodiscard]] TiffDialect make_dialect(std::string_view name) {
  return {name, &Rules::detect,
          [](const TiffContents& file) -> std::unique_ptr<const TiffRules> { return std::make_unique<Rules>(file); }};
}

// The first page whose text `matches`, so that detect() can name it. `text` is only the beginning of a description.
template <typename Matches>
[[nodiscard]] const Page* find_page(const TiffContents& file, Matches&& matches) {
  for (const Page& page : file.pages) {
    if (matches(page)) return &page;
  }
  return nullptr;
}

}  // namespace microtome::slide
