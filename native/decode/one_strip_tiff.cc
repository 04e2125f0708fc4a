#include "decode/one_strip_tiff.h"

#include <algorithm>

namespace microtome::decode {
namespace {

constexpr std::uint16_t kShort = 3;  // TIFF field types
constexpr std::uint16_t kLong = 4;

// Collects the fields of one directory, which must be added in ascending tag order, and lays them out.
class DirectoryWriter {
 public:
  explicit DirectoryWriter(bool big_endian) : big_endian_(big_endian) {}

  void add_long(std::uint16_t tag, std::uint32_t value) { fields_.push_back({tag, kLong, {value}}); }
  void add_short(std::uint16_t tag, std::uint16_t value) { fields_.push_back({tag, kShort, {value}}); }
  void add_shorts(std::uint16_t tag, std::size_t count, std::uint16_t value) {
    fields_.push_back({tag, kShort, std::vector<std::uint32_t>(count, value)});
  }
  // A field that holds where the file ends, that is, where the tile's bytes will start.
  void add_data_offset(std::uint16_t tag) {
    data_offset_field_ = fields_.size();
    add_long(tag, 0);
  }

  std::vector<std::uint8_t> write() {
    constexpr std::size_t kHeader = 8;
    const std::size_t values_at = kHeader + 2 + 12 * fields_.size() + 4;
    std::size_t end = values_at;
    for (const Field& field : fields_) end += outside_bytes(field);
    fields_[data_offset_field_].values = {static_cast<std::uint32_t>(end)};

    const std::uint8_t mark = big_endian_ ? 'M' : 'I';
    out_ = {mark, mark};
    put16(42);
    put32(kHeader);
    put16(static_cast<std::uint16_t>(fields_.size()));
    std::size_t next = values_at;
    for (const Field& field : fields_) {
      const std::size_t entry_end = out_.size() + 12;
      put16(field.tag);
      put16(field.type);
      put32(static_cast<std::uint32_t>(field.values.size()));
      if (outside_bytes(field) == 0) {
        put_values(field);
        out_.resize(entry_end);
      } else {
        put32(static_cast<std::uint32_t>(next));
        next += outside_bytes(field);
      }
    }
    put32(0);  // no further directory
    for (const Field& field : fields_)
      if (outside_bytes(field) != 0) {
        put_values(field);
        out_.resize(out_.size() + (out_.size() & 1));
      }
    return std::move(out_);
  }

 private:
  struct Field {
    std::uint16_t tag;
    std::uint16_t type;
    std::vector<std::uint32_t> values;
  };

  static std::size_t outside_bytes(const Field& field) {
    const std::size_t bytes = field.values.size() * (field.type == kShort ? 2 : 4);
    return bytes <= 4 ? 0 : bytes + (bytes & 1);
  }
  void put16(std::uint16_t value) {
    const auto low = static_cast<std::uint8_t>(value), high = static_cast<std::uint8_t>(value >> 8);
    out_.push_back(big_endian_ ? high : low);
    out_.push_back(big_endian_ ? low : high);
  }
  void put32(std::uint32_t value) {
    const auto low = static_cast<std::uint16_t>(value), high = static_cast<std::uint16_t>(value >> 16);
    put16(big_endian_ ? high : low);
    put16(big_endian_ ? low : high);
  }
  void put_values(const Field& field) {
    for (const std::uint32_t value : field.values) {
      if (field.type == kShort)
        put16(static_cast<std::uint16_t>(value));
      else
        put32(value);
    }
  }

  bool big_endian_;
  std::vector<Field> fields_;
  std::size_t data_offset_field_ = 0;
  std::vector<std::uint8_t> out_;
};

bool has_predictor(slide::Compression compression) {
  return compression == slide::Compression::Lzw || compression == slide::Compression::Deflate ||
         compression == slide::Compression::Zstd;
}

}  // namespace

std::uint16_t compression_tag(slide::Compression compression) noexcept {
  switch (compression) {
    case slide::Compression::None:
      return 1;
    case slide::Compression::Lzw:
      return 5;
    case slide::Compression::Jpeg:
      return 7;
    case slide::Compression::Deflate:
      return 8;
    case slide::Compression::Zstd:
      return 50000;
    case slide::Compression::WebP:
      return 50001;
    case slide::Compression::Jpeg2000YCbCr:
      return 33003;
    case slide::Compression::Jpeg2000Lossy:
      return 33004;
    case slide::Compression::Jpeg2000Rgb:
      return 33005;
    case slide::Compression::Jpeg2000:
      return 34712;
    case slide::Compression::Rendered:
      break;
  }
  return 0;
}

std::vector<std::uint8_t> one_strip_header(const StripShape& shape, const slide::Storage& storage,
                                           std::size_t tile_bytes) {
  constexpr std::uint16_t kMinIsBlack = 1, kRgb = 2, kContiguous = 1, kUnspecifiedExtra = 0;
  const auto width = static_cast<std::uint32_t>(shape.width_px), height = static_cast<std::uint32_t>(shape.height_px);
  const auto samples = static_cast<std::uint16_t>(shape.samples);
  const bool rgb = samples >= 3;
  const auto extra = static_cast<std::size_t>(samples - (rgb ? 3 : 1));

  DirectoryWriter directory(storage.big_endian);
  directory.add_long(256, width);
  directory.add_long(257, height);
  directory.add_shorts(258, samples, static_cast<std::uint16_t>(shape.bits));
  directory.add_short(259, compression_tag(storage.compression));
  directory.add_short(262, rgb ? kRgb : kMinIsBlack);
  if (storage.fill_order == 2) directory.add_short(266, 2);
  directory.add_data_offset(273);
  directory.add_short(277, samples);
  directory.add_long(278, height);
  directory.add_long(279, static_cast<std::uint32_t>(tile_bytes));
  directory.add_short(284, kContiguous);
  if (has_predictor(storage.compression) && storage.predictor != 1)
    directory.add_short(317, static_cast<std::uint16_t>(storage.predictor));
  if (extra > 0) directory.add_shorts(338, extra, kUnspecifiedExtra);
  return directory.write();
}

}  // namespace microtome::decode
