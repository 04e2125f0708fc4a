#include "slide/tiff_directory.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/endian.h"

namespace microtome::slide {
namespace {

// Far above what any writer makes (a hundred or so); bounds the work per directory.
constexpr std::uint64_t kMaxEntries = 4096;

// A scanner has some dozens; bounds the memory per directory, and the search for duplicates.
constexpr std::uint64_t kMaxPrivateTags = 256;

constexpr std::uint16_t kTypeAscii = 2, kTypeLong = 4, kTypeRational = 5, kTypeSignedByte = 6, kTypeUndefined = 7,
                        kTypeSignedShort = 8, kTypeSignedLong = 9, kTypeSignedRational = 10, kTypeFloat = 11,
                        kTypeDouble = 12, kTypeLong8 = 16, kTypeSignedLong8 = 17;

TiffEntry parse_entry(const TiffFile& file, const std::uint8_t* at) {
  TiffEntry entry;
  entry.tag = static_cast<Tag>(load_u16(at, file.big_endian));
  entry.type = load_u16(at + 2, file.big_endian);
  const unsigned field = file.big_tiff ? 8 : 4;
  entry.count = load_unsigned(at + 4, field, file.big_endian);
  const std::uint8_t* value = at + 4 + field;
  const auto bytes = checked_multiply(entry.count, entry.value_bytes());
  entry.is_inline = bytes && *bytes <= field;
  if (entry.is_inline)
    std::memcpy(entry.inline_values.data(), value, field);
  else
    entry.offset = load_unsigned(value, field, file.big_endian);
  return entry;
}

// What a directory consists of, in bytes.
struct Widths {
  explicit Widths(const TiffFile& file)
      : count(file.big_tiff ? 8 : 2),
        entry(file.big_tiff ? 20 : 12),
        next(file.big_tiff || file.ndpi ? 8 : 4),
        upper(file.ndpi ? 4 : 0) {}
  std::uint64_t count, entry, next, upper;  // `upper`: of each entry, behind all of them
};

// The upper half of an offset, or of a value that stands in the entry itself and is one number of 4 bytes.
void add_upper_half(const TiffFile& file, std::uint32_t upper, TiffEntry& entry) {
  if (upper == 0) return;
  if (!entry.is_inline) {
    entry.offset |= std::uint64_t{upper} << 32;
    return;
  }
  if (entry.type != kTypeLong || entry.count != 1) return;
  const std::uint64_t value = std::uint64_t{upper} << 32 | load_u32(entry.inline_values.data(), file.big_endian);
  entry.type = kTypeLong8;
  for (std::size_t i = 0; i < 8; ++i)
    entry.inline_values[i] = static_cast<std::uint8_t>(value >> 8 * (file.big_endian ? 7 - i : i));
}

}  // namespace

unsigned TiffEntry::value_bytes() const noexcept {
  switch (type) {
    case 1:  // BYTE
    case kTypeAscii:
    case kTypeSignedByte:
    case kTypeUndefined:
      return 1;
    case 3:  // SHORT
    case kTypeSignedShort:
      return 2;
    case 4:  // LONG
    case kTypeSignedLong:
    case kTypeFloat:
    case 13:  // IFD
      return 4;
    case kTypeRational:
    case kTypeSignedRational:
    case kTypeDouble:
    case 16:  // LONG8
    case kTypeSignedLong8:
    case 18:  // IFD8
      return 8;
    default:
      return 0;
  }
}

bool TiffEntry::is_unsigned() const noexcept {
  return type == 1 || type == 3 || type == 4 || type == 13 || type == 16 || type == 18;
}

TiffDirectory TiffDirectory::read(const TiffFile& file, std::uint64_t offset) {
  const ByteSource& source = *file.source;
  const Widths widths(file);
  const auto beyond = [&] {
    return Error(Code::TRUNCATED, Stage::Slide,
                 "a directory at byte " + std::to_string(offset) + " does not lie inside the file (" +
                     std::to_string(source.size()) + " bytes)");
  };
  if (!inside(offset, widths.count, source.size())) throw beyond();
  std::array<std::uint8_t, 8> count_field{};
  source.read(offset, std::span(count_field).first(widths.count));
  const std::uint64_t count = load_unsigned(count_field.data(), static_cast<unsigned>(widths.count), file.big_endian);
  if (count == 0 || count > kMaxEntries)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "a directory at byte " + std::to_string(offset) + " claims " + std::to_string(count) +
                    " entries, expected 1 to " + std::to_string(kMaxEntries));
  const std::uint64_t upper_at = count * widths.entry + widths.next;
  const std::uint64_t body_bytes = upper_at + count * widths.upper;
  if (!inside(offset + widths.count, body_bytes, source.size())) throw beyond();

  std::vector<std::uint8_t> body(body_bytes);
  source.read(offset + widths.count, body);
  TiffDirectory directory;
  directory.file_ = file;
  directory.offset_ = offset;
  std::uint64_t private_tags = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint8_t* at = body.data() + i * widths.entry;
    const std::uint16_t number = load_u16(at, file.big_endian);
    const bool is_private = number >= kFirstPrivateTag && !is_known_tag(number);
    if ((!is_private && !is_known_tag(number)) || (is_private && ++private_tags > kMaxPrivateTags)) continue;
    if (directory.find(static_cast<Tag>(number)) != nullptr) continue;
    directory.entries_.push_back(parse_entry(file, at));
    if (file.ndpi)
      add_upper_half(file, load_u32(body.data() + upper_at + i * widths.upper, file.big_endian),
                     directory.entries_.back());
  }
  directory.next_ =
      load_unsigned(body.data() + count * widths.entry, static_cast<unsigned>(widths.next), file.big_endian);
  return directory;
}

const TiffEntry* TiffDirectory::find(Tag tag) const noexcept {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [tag](const TiffEntry& entry) { return entry.tag == tag; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<std::uint64_t> TiffDirectory::places() const {
  std::vector<std::uint64_t> all{offset_};
  if (next_ != 0) all.push_back(next_);
  for (const TiffEntry& entry : entries_)
    if (!entry.is_inline && is_known_tag(static_cast<std::uint16_t>(entry.tag))) all.push_back(entry.offset);
  return all;
}

std::vector<std::uint8_t> TiffDirectory::raw(const TiffEntry& entry, std::uint64_t bytes) const {
  if (entry.is_inline) return {entry.inline_values.begin(), entry.inline_values.begin() + static_cast<int>(bytes)};
  const auto claimed = checked_multiply(entry.count, entry.value_bytes());
  if (!claimed || !inside(entry.offset, *claimed, file_.source->size()))
    throw Error(Code::TRUNCATED, Stage::Slide,
                std::string("tag ") + tag_name(entry.tag) + " claims " + std::to_string(entry.count) +
                    " values at byte " + std::to_string(entry.offset) + ", beyond the end of the file (" +
                    std::to_string(file_.source->size()) + " bytes)");
  std::vector<std::uint8_t> values(bytes);
  file_.source->read(entry.offset, values);
  return values;
}

std::vector<std::uint64_t> TiffDirectory::numbers(Tag tag, std::uint64_t most) const {
  const TiffEntry* entry = find(tag);
  if (entry == nullptr) return {};
  if (!entry->is_unsigned() || entry->count == 0)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("tag ") + tag_name(tag) + " has " + std::to_string(entry->count) + " values of type " +
                    std::to_string(entry->type) + ", expected unsigned integers");
  const std::uint64_t count = std::min(entry->count, most);
  const unsigned width = entry->value_bytes();
  const auto bytes = checked_multiply(count, width);
  if (!bytes) throw Error(Code::NOT_A_SLIDE, Stage::Slide, std::string("tag ") + tag_name(tag) + " is too large");
  const auto values = raw(*entry, *bytes);
  std::vector<std::uint64_t> result(count);
  for (std::uint64_t i = 0; i < count; ++i) result[i] = load_unsigned(&values[i * width], width, file_.big_endian);
  return result;
}

std::optional<std::uint64_t> TiffDirectory::number(Tag tag) const {
  const auto first = numbers(tag, 1);
  return first.empty() ? std::nullopt : std::optional(first[0]);
}

std::string TiffDirectory::text(Tag tag, std::uint64_t most) const {
  const TiffEntry* entry = find(tag);
  if (entry == nullptr || entry->value_bytes() != 1) return {};
  const auto bytes = raw(*entry, std::min(entry->count, most));
  return {bytes.begin(), std::find(bytes.begin(), bytes.end(), std::uint8_t{0})};
}

std::vector<std::uint8_t> TiffDirectory::blob(Tag tag, std::uint64_t most) const {
  const TiffEntry* entry = find(tag);
  if (entry == nullptr) return {};
  if (entry->value_bytes() != 1)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("tag ") + tag_name(tag) + " has type " + std::to_string(entry->type) + ", expected bytes");
  if (entry->count > most)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                std::string("tag ") + tag_name(tag) + " has " + std::to_string(entry->count) +
                    " bytes, [[limits.metadataBytes]] allows " + std::to_string(most));
  return raw(*entry, entry->count);
}

std::optional<double> TiffDirectory::real(Tag tag) const {
  const TiffEntry* entry = find(tag);
  if (entry == nullptr || entry->count == 0) return std::nullopt;
  const unsigned width = entry->value_bytes();
  if (width == 0 || entry->type == kTypeAscii || entry->type == kTypeUndefined)
    throw Error(
        Code::NOT_A_SLIDE, Stage::Slide,
        std::string("tag ") + tag_name(tag) + " has type " + std::to_string(entry->type) + ", expected a number");
  const auto bytes = raw(*entry, width);
  const bool big = file_.big_endian;
  const std::uint8_t* at = bytes.data();
  switch (entry->type) {
    case kTypeRational:
      return static_cast<double>(load_u32(at, big)) / static_cast<double>(load_u32(at + 4, big));
    case kTypeSignedRational:
      return static_cast<double>(static_cast<std::int32_t>(load_u32(at, big))) /
             static_cast<double>(static_cast<std::int32_t>(load_u32(at + 4, big)));
    case kTypeFloat:
      return std::bit_cast<float>(load_u32(at, big));
    case kTypeDouble:
      return std::bit_cast<double>(load_u64(at, big));
    case kTypeSignedByte:
      return static_cast<std::int8_t>(*at);
    case kTypeSignedShort:
      return static_cast<std::int16_t>(load_u16(at, big));
    case kTypeSignedLong:
      return static_cast<std::int32_t>(load_u32(at, big));
    case kTypeSignedLong8:
      return static_cast<double>(static_cast<std::int64_t>(load_u64(at, big)));
    default:
      return static_cast<double>(load_unsigned(at, width, big));
  }
}

}  // namespace microtome::slide
