// Images, or rows of tensors, that are scored one by one: where they are, what is asked of them, what comes back. Plain data.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/large_memory.h"
#include "engine/score_request.h"
#include "preprocess/image_resize.h"

namespace microtome::engine {

// Images in one file: where each begins and how long it is, in bytes, as they came. A place that is no place is the
// failure of its image.
struct ImagePlaces {
  std::string path;
  std::vector<double> offsets;
  std::vector<double> bytes;
};
// Each in a file of its own.
struct ImageFiles {
  std::vector<std::string> paths;
};
// In memory, one after another.
struct ImageBytes {
  LargeBytes bytes;
  std::vector<std::size_t> ends;  // of each image: where the next one begins
};
// Rows of the encoder's input that are tensors already, one after another: each has the bytes of the encoder's format.
struct ImageTensors {
  LargeBytes bytes;
  std::int64_t rows = 0;
};
using ImageList = std::variant<ImagePlaces, ImageFiles, ImageBytes, ImageTensors>;

[[nodiscard]] inline std::int64_t size_of(const ImageList& list) noexcept {
  if (const auto* places = std::get_if<ImagePlaces>(&list)) return std::ssize(places->offsets);
  if (const auto* bytes = std::get_if<ImageBytes>(&list)) return std::ssize(bytes->ends);
  if (const auto* tensors = std::get_if<ImageTensors>(&list)) return tensors->rows;
  return std::ssize(std::get<ImageFiles>(list).paths);
}

// What the list itself holds of the images.
[[nodiscard]] inline std::int64_t bytes_in_memory(const ImageList& list) noexcept {
  if (const auto* bytes = std::get_if<ImageBytes>(&list)) return std::ssize(bytes->bytes);
  if (const auto* tensors = std::get_if<ImageTensors>(&list)) return std::ssize(tensors->bytes);
  return 0;
}

struct ImageHead {
  std::size_t output = 0;  // of the encoder
  std::size_t column = 0;
  aggregate::Head head;
};

struct ImageRequest {
  ImageList images;
  EncoderRequest encoder;  // not turned; its input is not looked at
  preprocess::ImageResize resize = preprocess::ImageResize::PilBilinear;
  std::vector<ImageHead> heads;
  std::vector<aggregate::SlideOutput> outputs;                 // of each image; parts count in `heads`
  std::int64_t batch_size = option_bounds::kBatchSizeDefault;  // rows of a run where nothing else says how many
  bool reproducible = true;                                    // see ScoreRequest
  std::int64_t most_pixels = 0;                                // of a stored image; 0: as memory goes
  bool keep_rows = false;                                      // give whole rows of the encoder's outputs, too
};

struct ImageFailure {
  std::int64_t index = 0;
  std::exception_ptr error;
};

struct ImageRows {
  struct Output {
    std::string name;
    LargeDoubles values;     // by image; NaN where there is a failure
    LargeDoubles unclipped;  // before they were held to the range
  };
  // An output of the encoder, after its activation.
  struct Row {
    std::string name;
    std::int64_t columns = 0;
    LargeDoubles values;  // by image, `columns` of each; NaN where there is a failure
  };
  std::vector<Output> outputs;
  std::vector<Row> rows;               // of ImageRequest::keep_rows; empty where no image has run
  std::vector<ImageFailure> failures;  // by index
  std::vector<std::uint8_t> marks;     // by image: decode::image_mark
};

using ImageOutcome = std::variant<ImageRows, std::exception_ptr>;
// Called once, on a worker thread; returns quickly and does not throw.
using ImagesDone = std::function<void(ImageOutcome)>;

}  // namespace microtome::engine
