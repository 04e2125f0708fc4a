#include "decode/jpeg2000_stream.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "decode/bad_tile.h"

namespace microtome::decode {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr unsigned kSoc = 0xFF4F, kSiz = 0xFF51, kCod = 0xFF52, kCoc = 0xFF53, kPoc = 0xFF5F, kCom = 0xFF64,
                   kSot = 0xFF90, kSod = 0xFF93, kEoc = 0xFFD9;
constexpr std::uint64_t kTilesMost = 1024, kPacketsMost = 1u << 20, kPrecinctsMost = 1u << 17;
constexpr int kLevelsMost = 32;

[[noreturn]] void damaged(const std::string& what) { throw BadTile("its JPEG 2000 stream " + what); }

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

// Big-endian numbers, one after another.
class Reader {
 public:
  explicit Reader(Bytes data) : data_(data) {}
  [[nodiscard]] std::size_t left() const { return data_.size() - at_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  void seek(std::size_t at) {
    if (at > data_.size()) damaged("ends too early");
    at_ = at;
  }
  Bytes take(std::size_t bytes) {
    if (bytes > left()) damaged("ends too early");
    at_ += bytes;
    return data_.subspan(at_ - bytes, bytes);
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(bytes)) value = value << 8 | byte;
    return value;
  }
  unsigned u8() { return static_cast<unsigned>(number(1)); }
  unsigned u16() { return static_cast<unsigned>(number(2)); }
  std::uint64_t u32() { return number(4); }

 private:
  Bytes data_;
  std::size_t at_ = 0;
};

// How one component is divided.
struct Coding {
  int levels = 0;
  std::array<std::uint8_t, kLevelsMost + 1> precincts{};  // exponents: x in the low half, y in the high one
};

struct MainHeader {
  std::uint64_t width = 0, height = 0, tile_width = 0, tile_height = 0;
  std::vector<Jpeg2000Component> components;
  std::vector<Coding> codings;
  std::vector<bool> own_coding;  // by a COC, which stands above COD wherever it comes
  std::uint64_t layers = 0;
  std::uint64_t progressions = 1;
  bool component_transform = false;
  bool by_openjpeg = false;

  [[nodiscard]] std::uint64_t tiles_across() const { return ceil_div(width, tile_width); }
  [[nodiscard]] std::uint64_t tiles_down() const { return ceil_div(height, tile_height); }
};

// The codestream inside JP2 boxes, or the bytes themselves when they are one.
Bytes without_boxes(Bytes tile) {
  constexpr std::array<std::uint8_t, 12> kSignature{0, 0, 0, 12, 'j', 'P', ' ', ' ', '\r', '\n', 0x87, '\n'};
  if (tile.size() < kSignature.size() || !std::equal(kSignature.begin(), kSignature.end(), tile.begin())) return tile;
  Reader boxes(tile);
  while (boxes.left() >= 8) {
    const std::size_t begin = boxes.at();
    std::uint64_t bytes = boxes.u32();
    const std::uint64_t type = boxes.u32();
    if (bytes == 1) bytes = boxes.number(8);
    if (bytes == 0) bytes = tile.size() - begin;
    const std::size_t header = boxes.at() - begin;
    if (bytes < header || bytes > tile.size() - begin) damaged("has a box that reaches beyond its end");
    if (type == 0x6A703263) return tile.subspan(begin + header, static_cast<std::size_t>(bytes) - header);  // jp2c
    constexpr std::string_view kPalette = "pclr";
    const Bytes box = tile.subspan(begin, static_cast<std::size_t>(bytes));
    if (std::search(box.begin(), box.end(), kPalette.begin(), kPalette.end()) != box.end())
      damaged("has a palette, which TIFF does not know of");
    boxes.seek(begin + static_cast<std::size_t>(bytes));
  }
  damaged("has no codestream in its boxes");
}

void read_siz(Reader segment, MainHeader& header, int components_most) {
  segment.u16();  // capabilities
  header.width = segment.u32();
  header.height = segment.u32();
  const std::uint64_t left = segment.u32(), top = segment.u32();
  header.tile_width = segment.u32();
  header.tile_height = segment.u32();
  const std::uint64_t tile_left = segment.u32(), tile_top = segment.u32();
  if (left != 0 || top != 0 || tile_left != 0 || tile_top != 0) damaged("does not begin at 0, 0");
  constexpr std::uint64_t kSideMost = 1u << 30;
  if (header.width == 0 || header.height == 0 || header.width > kSideMost || header.height > kSideMost ||
      header.tile_width == 0 || header.tile_height == 0)
    damaged("has no size");
  if (header.tiles_across() > kTilesMost || header.tiles_down() > kTilesMost ||
      header.tiles_across() * header.tiles_down() > kTilesMost)
    damaged("is divided into more than " + std::to_string(kTilesMost) + " tiles");
  const unsigned count = segment.u16();
  if (count == 0 || count > static_cast<unsigned>(components_most))
    damaged("has " + std::to_string(count) + " components, expected " + std::to_string(components_most));
  for (unsigned i = 0; i < count; ++i) {
    const unsigned precision = segment.u8();
    Jpeg2000Component one{static_cast<int>(precision & 127) + 1, precision >= 128, 0, 0};
    one.dx = static_cast<int>(segment.u8());
    one.dy = static_cast<int>(segment.u8());
    if (one.dx == 0 || one.dy == 0) damaged("has a component without a size");
    header.components.push_back(one);
  }
  header.codings.resize(count);
  header.own_coding.resize(count);
}

Coding read_coding(Reader& segment, bool own_precincts) {
  Coding coding;
  coding.levels = static_cast<int>(segment.u8());
  if (coding.levels > kLevelsMost) damaged("has more than 32 resolutions");
  segment.take(4);  // code-block width, height and style, wavelet
  for (int r = 0; r <= coding.levels; ++r)
    coding.precincts[static_cast<std::size_t>(r)] = static_cast<std::uint8_t>(own_precincts ? segment.u8() : 0xFF);
  return coding;
}

void read_cod(Reader segment, MainHeader& header) {
  const bool own_precincts = (segment.u8() & 1) != 0;
  segment.u8();  // progression order
  header.layers = segment.u16();
  header.component_transform = segment.u8() != 0;
  const Coding coding = read_coding(segment, own_precincts);
  for (std::size_t i = 0; i < header.codings.size(); ++i)
    if (!header.own_coding[i]) header.codings[i] = coding;
}

void read_coc(Reader segment, MainHeader& header) {
  const unsigned index = header.components.size() < 257 ? segment.u8() : segment.u16();
  if (index >= header.components.size()) damaged("describes a component that it does not have");
  const bool own_precincts = (segment.u8() & 1) != 0;
  header.codings[index] = read_coding(segment, own_precincts);
  header.own_coding[index] = true;
}

void read_comment(Bytes segment, MainHeader& header) {
  constexpr std::string_view kName = "OpenJPEG";
  if (std::search(segment.begin(), segment.end(), kName.begin(), kName.end()) != segment.end())
    header.by_openjpeg = true;
}

// An upper bound of what OpenJPEG will go through; each tile may cut a precinct in two.
void require_bounded(const MainHeader& header) {
  std::uint64_t precincts = 0;
  for (std::size_t i = 0; i < header.components.size(); ++i) {
    const Coding& coding = header.codings[i];
    const std::uint64_t width = ceil_div(header.width, static_cast<std::uint64_t>(header.components[i].dx));
    const std::uint64_t height = ceil_div(header.height, static_cast<std::uint64_t>(header.components[i].dy));
    for (int r = 0; r <= coding.levels; ++r) {
      const std::uint64_t scale = std::uint64_t{1} << (coding.levels - r);
      const unsigned exponents = coding.precincts[static_cast<std::size_t>(r)];
      const std::uint64_t across = ceil_div(ceil_div(width, scale), std::uint64_t{1} << (exponents & 15));
      const std::uint64_t down = ceil_div(ceil_div(height, scale), std::uint64_t{1} << (exponents >> 4));
      if (across > kPrecinctsMost || down > kPrecinctsMost) damaged("has too many precincts");
      precincts += (across + header.tiles_across()) * (down + header.tiles_down());
      if (precincts > kPrecinctsMost) damaged("has too many precincts");
    }
  }
  if (header.layers == 0) damaged("has no layers");
  if (precincts * header.layers > kPacketsMost || precincts * header.layers * header.progressions > kPacketsMost)
    damaged("has too many packets");
}

MainHeader read_main_header(Reader& reader, int components_most) {
  MainHeader header;
  if (reader.left() < 4 || reader.u16() != kSoc || reader.u16() != kSiz) damaged("has no header");
  const unsigned siz_bytes = reader.u16();
  if (siz_bytes < 2) damaged("has no size");
  read_siz(Reader(reader.take(siz_bytes - 2)), header, components_most);
  bool has_cod = false;
  for (;;) {
    const unsigned marker = reader.u16();
    if (marker == kSot) break;
    const unsigned bytes = reader.u16();
    if (marker < 0xFF00 || bytes < 2) damaged("is damaged in its header");
    const Bytes content = reader.take(bytes - 2);
    const Reader segment(content);
    if (marker == kCod) {
      read_cod(segment, header);
      has_cod = true;
    } else if (marker == kCoc) {
      read_coc(segment, header);
    } else if (marker == kCom) {
      read_comment(content, header);
    } else if (marker == kPoc) {
      header.progressions += segment.left() / 7;  // the least that one change takes
    }
  }
  if (!has_cod) damaged("has no coding parameters");
  require_bounded(header);
  return header;
}

// From the marker of the tile-part's data header to its data.
void read_tile_part_header(Reader& reader) {
  for (;;) {
    const unsigned marker = reader.u16();
    if (marker == kSod) return;
    if (marker == kCod || marker == kCoc || marker == kPoc) damaged("changes its coding from tile to tile");
    const unsigned bytes = reader.u16();
    if (marker < 0xFF00 || bytes < 2) damaged("is damaged in the header of a tile-part");
    reader.take(bytes - 2);
  }
}

struct TileParts {
  unsigned found = 0;
  unsigned declared = 0;  // 0: not said
};

// One tile-part, from behind its SOT marker. True when it is the last, since it reaches to the end.
bool read_tile_part(Reader& reader, Bytes stream, std::vector<TileParts>& tiles) {
  const std::size_t begin = reader.at() - 2;
  if (reader.u16() != 10) damaged("has a tile-part that is damaged");
  const unsigned index = reader.u16();
  const std::uint64_t bytes = reader.u32();
  reader.u8();  // number of the part
  const unsigned declared = reader.u8();
  if (index >= tiles.size()) damaged("has a tile outside of its image");
  ++tiles[index].found;
  if (declared != 0) tiles[index].declared = declared;
  read_tile_part_header(reader);
  if (bytes == 0) {
    const std::size_t size = stream.size();
    if (size < reader.at() + 2 || (stream[size - 2] << 8 | stream[size - 1]) != static_cast<int>(kEoc))
      damaged("ends too early");
    return true;
  }
  if (bytes < reader.at() - begin || bytes > stream.size() - begin) damaged("ends too early");
  reader.seek(begin + static_cast<std::size_t>(bytes));
  return false;
}

}  // namespace

Jpeg2000Stream read_jpeg2000(Bytes tile, int components_most) {
  const Bytes stream = without_boxes(tile);
  Reader reader(stream);
  MainHeader header = read_main_header(reader, components_most);
  std::vector<TileParts> tiles(static_cast<std::size_t>(header.tiles_across() * header.tiles_down()));
  for (;;) {
    if (read_tile_part(reader, stream, tiles)) break;
    if (reader.left() < 2) break;  // an end that is not marked is no loss: each tile-part says where it ends
    const unsigned marker = reader.u16();
    if (marker == kEoc) break;
    if (marker != kSot) damaged("is damaged between its tile-parts");
  }
  for (const TileParts& parts : tiles)
    if (parts.found == 0 || (parts.declared != 0 && parts.found != parts.declared)) damaged("lacks a tile-part");
  return {stream,
          static_cast<std::int64_t>(header.width),
          static_cast<std::int64_t>(header.height),
          std::move(header.components),
          header.component_transform,
          header.by_openjpeg,
          stream.size() != tile.size()};
}

}  // namespace microtome::decode
