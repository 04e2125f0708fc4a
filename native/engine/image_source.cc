#include "engine/image_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>

#include "decode/image_decoder.h"

namespace microtome::engine {
namespace {

// Bytes between two images that are read along with them rather than skipped by another call.
constexpr std::uint64_t kGapBytes = 16u << 10;
constexpr double kMostOffset = 9007199254740992.0;  // 2^53
// What a worker keeps of its scratch memory from one image to the next.
constexpr std::size_t kImageScratchKept = static_cast<std::size_t>(kDecodedBytesAtOnce);

// What ends the whole batch, whatever image it happens at.
bool concerns_all(const Error& error) noexcept {
  if (dynamic_cast<const slide::TooManyFiles*>(&error) != nullptr) return true;
  switch (error.code()) {
    case Code::CANCELLED:
    case Code::OUT_OF_MEMORY:
    case Code::RUNTIME_MISSING:
    case Code::INTERNAL:
      return true;
    default:
      return false;
  }
}

// The words of slides do not fit images.
Error of_image(const Error& error, const std::string& path) {
  const bool is_no_file = error.code() == Code::NOT_A_SLIDE;
  Error one(is_no_file ? Code::IMAGES_INVALID : error.code(), error.stage(), error.found(),
            is_no_file ? std::string_view("pass the path of a file") : std::string_view(error.advice()));
  return std::move(one).with_path(error.path().empty() ? std::string_view(path) : std::string_view(error.path()));
}

std::shared_ptr<const slide::ByteSource> open_image_file(const std::string& path) {
  try {
    return slide::open_file(path);
  } catch (const slide::TooManyFiles&) {
    throw;
  } catch (const Error& error) {
    throw of_image(error, path);
  }
}

// How often who waits for its turn asks whether it is still wanted.
constexpr std::chrono::milliseconds kAskEvery{20};

// As it was given: a number of any size, in few digits.
std::string as_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  return text.data();
}

Error too_long(std::uint64_t bytes) {
  return {Code::LIMIT_EXCEEDED, Stage::Decode,
          "the image is stored in " + std::to_string(bytes) + " bytes, the most is " + std::to_string(kMostStoredBytes),
          "store it in fewer bytes, or leave it out: no option raises this limit"};
}

}  // namespace

void LargeImageRoom::enter(std::int64_t bytes, Stay& stay, const CancelToken& cancel) {
  if (bytes > reserved_.bytes())
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the image takes " + std::to_string(bytes) + " bytes while it is decoded, half of [[memoryLimit]] is " +
                    std::to_string(reserved_.bytes()),
                "raise [[memoryLimit]], or reduce the image");
  const std::int64_t has = stay.extra.bytes() + stay.more.bytes();
  if (stay.turn.owns_lock() || has >= bytes) return;
  if (auto reserved = budget_.try_reserve(bytes - has)) {
    (has == 0 ? stay.extra : stay.more) = std::move(*reserved);
    return;
  }
  // Who has the turn asks for nothing else, so that it comes to an end.
  std::unique_lock turn(turns_, std::defer_lock);
  do cancel.check(Stage::Decode);
  while (!turn.try_lock_for(kAskEvery));
  cancel.check(Stage::Decode);
  stay.turn = std::move(turn);
  stay.extra.release();
  stay.more.release();
}

ImageScratch& scratch_of(TileReader& reader) {
  if (!reader.images) reader.images = std::make_unique<ImageScratch>();
  return *reader.images;
}

ImageSource::ImageSource(const ImageList& list, preprocess::ImageResize resize, std::int64_t size_px,
                         std::shared_ptr<LargeImageRoom> room, StageMetrics& metrics, std::int64_t most_pixels)
    : list_(list),
      resize_(resize),
      size_px_(size_px),
      size_(size_of(list)),
      room_(std::move(room)),
      metrics_(metrics),
      most_pixels_(most_pixels),
      failures_(static_cast<std::size_t>(size_)),
      marks_(static_cast<std::size_t>(size_)) {
  if (const auto* places = std::get_if<ImagePlaces>(&list_)) file_ = open_image_file(places->path);
}

std::string ImageSource::path_of(std::int64_t position) const {
  if (const auto* places = std::get_if<ImagePlaces>(&list_)) return places->path;
  if (const auto* files = std::get_if<ImageFiles>(&list_)) return files->paths[index_of(position)];
  return {};
}

std::span<const std::uint8_t> ImageSource::in_memory(std::int64_t position) const {
  const auto& [bytes, ends] = std::get<ImageBytes>(list_);
  const std::size_t index = index_of(position);
  const std::size_t first = index == 0 ? 0 : ends[index - 1];
  if (ends[index] - first > static_cast<std::size_t>(kMostStoredBytes)) throw too_long(ends[index] - first);
  return std::span(bytes).subspan(first, ends[index] - first);
}

// Within the file as it was when it was opened.
ImageSource::Place ImageSource::place_of(std::int64_t position) const {
  const auto& places = std::get<ImagePlaces>(list_);
  const double offset = places.offsets[index_of(position)];
  const double bytes = places.bytes[index_of(position)];
  for (const double value : {offset, bytes})
    if (!(value >= 0) || value > kMostOffset || value != std::floor(value))
      throw Error(Code::INVALID_OPTION, Stage::Options,
                  "the place of the image is no place in a file: " + as_text(bytes) + " bytes at " + as_text(offset),
                  "pass whole numbers of bytes that are not negative");
  const auto first = static_cast<std::uint64_t>(offset);
  const auto count = static_cast<std::uint64_t>(bytes);
  if (first > file_->size() || count > file_->size() - first)
    throw Error(Code::TRUNCATED, Stage::Slide,
                "the image is " + std::to_string(count) + " bytes at " + std::to_string(first) + ", and the file had " +
                    std::to_string(file_->size()) + " when it was opened");
  if (count > static_cast<std::uint64_t>(kMostStoredBytes)) throw too_long(count);
  return {first, static_cast<std::size_t>(count)};
}

void ImageSource::fetch(TileReader& reader, Range range) const {
  ImageScratch& scratch = scratch_of(reader);
  scratch.pieces.clear();
  if (!file_) return;
  struct Wanted {
    Place place;
    std::int64_t position = 0;
  };
  std::vector<Wanted> wanted;
  std::int64_t sum = 0;
  for (std::int64_t i = range.first; i < range.end; ++i) {
    try {
      const Place place = place_of(i);
      sum += static_cast<std::int64_t>(place.bytes);
      if (sum > kStoredBytesAtOnce) break;
      wanted.push_back({place, i});
    } catch (const Error&) {
      continue;  // fill() says it
    }
  }
  std::sort(wanted.begin(), wanted.end(),
            [](const Wanted& a, const Wanted& b) { return a.place.offset < b.place.offset; });
  StageMetrics::Busy busy(metrics_, Stage::Decode);
  std::size_t used = 0;
  for (std::size_t first = 0, end = 0; first < wanted.size(); first = end) {
    const std::uint64_t begin = wanted[first].place.offset;
    std::uint64_t last = begin + wanted[first].place.bytes;
    for (end = first + 1; end < wanted.size(); ++end) {
      const Place& next = wanted[end].place;
      const std::uint64_t reaches = std::max(last, next.offset + next.bytes);
      const bool is_close = next.offset <= last + kGapBytes;
      if (!is_close || used + (reaches - begin) > static_cast<std::uint64_t>(kStoredBytesAtOnce)) break;
      last = reaches;
    }
    const auto bytes = static_cast<std::size_t>(last - begin);
    if (used + bytes > static_cast<std::size_t>(kStoredBytesAtOnce)) continue;  // gaps took the room: read one by one
    if (scratch.stored.size() < used + bytes) scratch.stored.resize(used + bytes);
    try {
      file_->read(begin, std::span(scratch.stored).subspan(used, bytes));
    } catch (const Error&) {
      continue;
    }
    for (std::size_t i = first; i < end; ++i)
      scratch.pieces.push_back(
          {wanted[i].position, used + static_cast<std::size_t>(wanted[i].place.offset - begin), wanted[i].place.bytes});
    used += bytes;
  }
}

void ImageSource::release(TileReader& reader) const noexcept {
  if (reader.images) reader.images->pieces.clear();
}

// The bytes of an image as they are stored. A long one asks for room.
std::span<const std::uint8_t> ImageSource::stored(ImageScratch& scratch, std::int64_t position,
                                                  LargeImageRoom::Stay& stay, const CancelToken& cancel) const {
  if (std::holds_alternative<ImageBytes>(list_)) return in_memory(position);
  for (const auto& piece : scratch.pieces)
    if (piece.position == position) return std::span(scratch.stored).subspan(piece.first, piece.bytes);
  const auto source = file_ ? file_ : open_image_file(path_of(position));
  const Place place = file_ ? place_of(position) : Place{0, static_cast<std::size_t>(source->size())};
  const auto bytes = static_cast<std::int64_t>(place.bytes);
  if (bytes > kMostStoredBytes) throw too_long(place.bytes);
  if (bytes > kStoredBytesAtOnce) room_->enter(bytes, stay, cancel);
  StageMetrics::Busy busy(metrics_, Stage::Decode);
  if (scratch.alone.size() < place.bytes) scratch.alone.resize(place.bytes);
  const auto room = std::span(scratch.alone).first(place.bytes);
  source->read(place.offset, room);
  return room;
}

void ImageSource::fill_one(TileReader& reader, std::int64_t position, std::uint8_t* row, const Destination& to,
                           LargeImageRoom::Stay& stay, const CancelToken& cancel) {
  ImageScratch& scratch = scratch_of(reader);
  const std::span<const std::uint8_t> bytes = stored(scratch, position, stay, cancel);
  decode::ImageFacts facts = scratch.decoder.look(bytes);
  const std::int64_t pixels = facts.upright_width_px() * facts.upright_height_px();
  if (most_pixels_ > 0 && pixels > most_pixels_)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the image has " + std::to_string(pixels) + " pixels, the most is " + std::to_string(most_pixels_),
                "reduce the image, or allow more pixels");
  const std::int64_t needed =
      facts.decoded_bytes +
      preprocess::resize_scratch_bytes(facts.upright_width_px(), facts.upright_height_px(), size_px_, size_px_);
  if (needed > kDecodedBytesAtOnce) room_->enter(needed + static_cast<std::int64_t>(bytes.size()), stay, cancel);
  ConstRgbView image;
  {
    StageMetrics::Busy busy(metrics_, Stage::Decode);
    image = scratch.decoder.decode(facts);
    busy.count(1, static_cast<std::int64_t>(bytes.size()));
  }
  marks_[index_of(position)] = facts.marks;
  {
    StageMetrics::Busy busy(metrics_, Stage::Preprocess);
    const bool is_tensor = to.tensor != nullptr;
    if (is_tensor) reader.pixels.resize(std::max(reader.pixels.size(), rgb_bytes(size_px_)));
    const RgbView pixels{is_tensor ? reader.pixels.data() : row, size_px_, size_px_, 3 * size_px_};
    preprocess::resize_image(image, pixels, resize_, scratch.resize);
    if (is_tensor) preprocess::to_tensor(pixels, *to.tensor, row);
  }
}

void ImageSource::copy_rows(Range range, const Destination& to) const {
  const LargeBytes& bytes = std::get<ImageTensors>(list_).bytes;
  const std::size_t row_bytes = to.tensor != nullptr ? to.tensor->bytes_per_tile() : 0;
  if (row_bytes * static_cast<std::size_t>(size_) != bytes.size())
    throw Error(Code::INTERNAL, Stage::Preprocess, "rows of tensors have another length than the model takes");
  StageMetrics::Busy busy(metrics_, Stage::Preprocess);
  std::memcpy(to.rows, bytes.data() + static_cast<std::size_t>(range.first) * row_bytes,
              static_cast<std::size_t>(range.size()) * row_bytes);
  busy.count(range.size(), range.size() * static_cast<std::int64_t>(row_bytes));
}

void ImageSource::fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) {
  if (std::holds_alternative<ImageTensors>(list_)) {
    cancel.check(Stage::Preprocess);
    return copy_rows(range, to);
  }
  const std::size_t row_bytes = to.tensor != nullptr ? to.tensor->bytes_per_tile() : rgb_bytes(size_px_);
  std::uint8_t* row = to.rows;
  for (std::int64_t i = range.first; i < range.end; ++i, row += row_bytes) {
    cancel.check(Stage::Decode);
    LargeImageRoom::Stay stay;  // ends after the memory that it stands for was given back
    try {
      fill_one(reader, i, row, to, stay, cancel);
      if (stay.is_large()) scratch_of(reader).trim(kImageScratchKept);
    } catch (const Error& error) {
      scratch_of(reader).trim(kImageScratchKept);
      if (concerns_all(error)) throw;
      std::memset(row, 0, row_bytes);
      fail(i, error);
    } catch (...) {
      scratch_of(reader).trim(kImageScratchKept);
      throw;
    }
  }
}

void ImageSource::fail(std::int64_t position, const Error& error) {
  std::exception_ptr& slot = failures_[index_of(position)];
  if (!slot) slot = std::make_exception_ptr(of_image(error, path_of(position)));
}

std::vector<ImageFailure> ImageSource::take_failures() {
  std::vector<ImageFailure> all;
  for (std::int64_t i = 0; i < size_; ++i)
    if (failures_[index_of(i)]) all.push_back({i, std::move(failures_[index_of(i)])});
  return all;
}

}  // namespace microtome::engine
