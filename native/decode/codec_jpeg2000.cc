// JPEG 2000 through OpenJPEG, on the calling thread, at full resolution. OpenJPEG has no state to keep: it allocates
// anew for each codestream.
#include <openjpeg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "decode/bad_tile.h"
#include "decode/built_in_codecs.h"
#include "decode/jpeg2000_color.h"
#include "decode/jpeg2000_stream.h"
#include "decode/openjpeg_assertion.h"

// What the renamed symbols of OpenJPEG's archive lead to: nothing is printed, no environment is read, and a failed
// assertion is thrown through its frames, which the unwinder can pass. The arguments are not looked at.
extern "C" {

extern void* microtome_openjpeg_stdout;
extern void* microtome_openjpeg_stderr;
void* microtome_openjpeg_stdout = nullptr;
void* microtome_openjpeg_stderr = nullptr;

int microtome_openjpeg_fprintf(void* /*file*/, ...) { return 0; }
int microtome_openjpeg___fprintf_chk(void* /*file*/, int /*flag*/, ...) { return 0; }
int microtome_openjpeg_fputc(int character, void* /*file*/) { return character; }
std::size_t microtome_openjpeg_fwrite(const void* /*from*/, std::size_t /*size*/, std::size_t count, void* /*file*/) {
  return count;
}
char* microtome_openjpeg_getenv(const char* /*name*/) { return nullptr; }

[[noreturn]] void microtome_openjpeg___assert_fail(const char* /*what*/, const char* /*file*/, unsigned /*line*/,
                                                   const char* /*function*/) {
  throw microtome::decode::OpenJpegAssertion{};
}
}

namespace microtome::decode {
namespace {

// OpenJPEG needs two 32-bit numbers for each sample.
constexpr std::uint64_t kSamplesMost = 32u << 20;

struct DestroyCodec {
  void operator()(opj_codec_t* one) const { opj_destroy_codec(one); }
};
struct DestroyStream {
  void operator()(opj_stream_t* one) const { opj_stream_destroy(one); }
};
struct DestroyImage {
  void operator()(opj_image_t* one) const { opj_image_destroy(one); }
};

// The first thing that OpenJPEG complained of. Called from C: must not throw.
class Complaint {
 public:
  static void take(const char* message, void* self) noexcept {
    auto& text = static_cast<Complaint*>(self)->text_;
    if (message == nullptr || text[0] != '\0') return;
    const std::size_t length = std::min(std::strlen(message), text.size() - 1);
    std::memcpy(text.data(), message, length);
  }
  static void ignore(const char* /*message*/, void* /*self*/) noexcept {}

  [[nodiscard]] bool any() const { return text_[0] != '\0'; }
  [[noreturn]] void raise() const {
    std::string text = any() ? text_.data() : "OpenJPEG gave no reason";
    if (text.find("memory") != std::string::npos) throw std::bad_alloc();
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    throw BadTile("its JPEG 2000 stream is damaged: " + text);
  }

 private:
  std::array<char, 256> text_{};
};

// A codestream in memory, as OpenJPEG's four callbacks.
struct Memory {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;

  static OPJ_SIZE_T read(void* to, OPJ_SIZE_T count, void* self) {
    auto& memory = *static_cast<Memory*>(self);
    const std::size_t left = memory.bytes.size() - memory.at;
    if (left == 0) return static_cast<OPJ_SIZE_T>(-1);
    count = std::min<OPJ_SIZE_T>(count, left);
    std::memcpy(to, memory.bytes.data() + memory.at, count);
    memory.at += count;
    return count;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T count, void* self) {
    auto& memory = *static_cast<Memory*>(self);
    const auto left = static_cast<OPJ_OFF_T>(memory.bytes.size() - memory.at);
    if (count < 0 || left == 0) return -1;
    count = std::min(count, left);
    memory.at += static_cast<std::size_t>(count);
    return count;
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void* self) {
    auto& memory = *static_cast<Memory*>(self);
    if (to < 0 || static_cast<std::uint64_t>(to) > memory.bytes.size()) return OPJ_FALSE;
    memory.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  }
};

void require_shape(const Jpeg2000Stream& stream, const CodedTile& tile) {
  const StripShape& shape = tile.shape;
  const int found = static_cast<int>(stream.components.size());
  if (stream.width_px != shape.width_px || stream.height_px != shape.height_px || found != shape.samples)
    throw BadTile("its JPEG 2000 picture is " + std::to_string(stream.width_px) + " x " +
                  std::to_string(stream.height_px) + " with " + std::to_string(found) + " components, expected " +
                  std::to_string(shape.width_px) + " x " + std::to_string(shape.height_px) + " with " +
                  std::to_string(shape.samples));
  for (int i = 0; i < found; ++i) {
    const Jpeg2000Component& one = stream.components[static_cast<std::size_t>(i)];
    if (one.bits != shape.bits || one.is_signed)
      throw BadTile("its JPEG 2000 components have " + std::to_string(one.bits) + (one.is_signed ? " signed" : "") +
                    " bits, expected " + std::to_string(shape.bits));
    // 4:2:2 and 4:2:0: only the second and third of three colours are ever stored smaller.
    const bool chroma = shape.samples == 3 && i > 0;
    const int most = chroma ? 2 : 1;
    if (one.dx > most || one.dy > most) throw BadTile("its JPEG 2000 components are subsampled in an unusual way");
  }
  const std::uint64_t samples =
      static_cast<std::uint64_t>(shape.width_px * shape.height_px) * static_cast<std::uint64_t>(shape.samples);
  if (samples > kSamplesMost)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "a JPEG 2000 tile of " + std::to_string(samples) + " samples is more than the " +
                    std::to_string(kSamplesMost) + " that are decoded at once",
                "write the slide with smaller tiles: no option raises this limit");
}

using Image = std::unique_ptr<opj_image_t, DestroyImage>;

// One decompressor over one codestream.
class Decompressor {
 public:
  explicit Decompressor(std::span<const std::uint8_t> codestream)
      : memory_{codestream, 0},
        codec_(opj_create_decompress(OPJ_CODEC_J2K)),
        stream_(opj_stream_create(kBufferBytes, OPJ_TRUE)) {
    if (!codec_ || !stream_) throw std::bad_alloc();
    opj_stream_set_user_data(stream_.get(), &memory_, nullptr);
    opj_stream_set_user_data_length(stream_.get(), codestream.size());
    opj_stream_set_read_function(stream_.get(), Memory::read);
    opj_stream_set_skip_function(stream_.get(), Memory::skip);
    opj_stream_set_seek_function(stream_.get(), Memory::seek);
    // A warning means missing or damaged data, as libjpeg's do.
    opj_set_info_handler(codec_.get(), Complaint::ignore, nullptr);
    opj_set_warning_handler(codec_.get(), Complaint::take, &complaint_);
    opj_set_error_handler(codec_.get(), Complaint::take, &complaint_);
  }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  Image decode() {
    try {
      run();
    } catch (const OpenJpegAssertion&) {
      // Its state is unknown: leaked rather than freed.
      (void)codec_.release();
      (void)stream_.release();
      (void)image_.release();
      throw BadTile("its JPEG 2000 stream leads OpenJPEG astray");
    }
    return std::move(image_);
  }

 private:
  void run() {
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (opj_setup_decoder(codec_.get(), &parameters) == OPJ_FALSE) complaint_.raise();
    opj_codec_set_threads(codec_.get(), 0);
    opj_image_t* image = nullptr;
    const bool has_header = opj_read_header(stream_.get(), codec_.get(), &image) != OPJ_FALSE;
    image_.reset(image);
    if (!has_header || !image_ || complaint_.any()) complaint_.raise();
    if (opj_decode(codec_.get(), stream_.get(), image_.get()) == OPJ_FALSE || complaint_.any()) complaint_.raise();
  }

  static constexpr OPJ_SIZE_T kBufferBytes = 64 << 10;
  Complaint complaint_;
  Memory memory_;
  std::unique_ptr<opj_codec_t, DestroyCodec> codec_;
  std::unique_ptr<opj_stream_t, DestroyStream> stream_;
  Image image_;
};

// Every component is there, in the size that the header said.
void require_components(const opj_image_t& image, const Jpeg2000Stream& stream) {
  bool right = image.numcomps == stream.components.size();
  for (OPJ_UINT32 i = 0; right && i < image.numcomps; ++i) {
    const Jpeg2000Component& wanted = stream.components[i];
    const opj_image_comp_t& found = image.comps[i];
    right = found.data != nullptr && found.w == (stream.width_px + wanted.dx - 1) / wanted.dx &&
            found.h == (stream.height_px + wanted.dy - 1) / wanted.dy;
  }
  if (!right) throw BadTile("its JPEG 2000 stream lacks a component");
}

// Chroma that is stored smaller is repeated, as OpenSlide and libvips do.
template <typename Sample>
void interleave(const opj_image_t& image, const Jpeg2000Stream& stream, std::uint8_t* out) {
  const std::size_t samples = image.numcomps;
  constexpr OPJ_INT32 kMost = (1 << (8 * sizeof(Sample))) - 1;
  for (std::size_t c = 0; c < samples; ++c) {
    const opj_image_comp_t& from = image.comps[c];
    const Jpeg2000Component& component = stream.components[c];
    std::uint8_t* to = out + c * sizeof(Sample);
    for (std::int64_t y = 0; y < stream.height_px; ++y) {
      const OPJ_INT32* row = from.data + static_cast<std::size_t>(y / component.dy) * from.w;
      for (std::int64_t x = 0; x < stream.width_px; ++x, to += samples * sizeof(Sample)) {
        const OPJ_INT32 value = component.dx == 1 ? row[x] : row[x >> 1];
        const auto sample = static_cast<Sample>(std::clamp<OPJ_INT32>(value, 0, kMost));
        std::memcpy(to, &sample, sizeof sample);
      }
    }
  }
}

class Jpeg2000Codec final : public Codec {
 public:
  void decode(const CodedTile& tile, std::span<std::uint8_t> out) override {
    const Jpeg2000Stream stream = read_jpeg2000(tile.stored, tile.shape.samples);
    require_shape(stream, tile);
    const Jpeg2000Color color = jpeg2000_color(tile.compression, tile.photometric, stream);
    if (color != Jpeg2000Color::AsDecoded && tile.shape.bits != 8)
      throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode, "found YCbCr of 16 bits in JPEG 2000, expected 8 bits");
    const Image image = Decompressor(stream.codestream).decode();
    require_components(*image, stream);
    if (tile.shape.bits == 16)
      interleave<std::uint16_t>(*image, stream, out.data());
    else
      interleave<std::uint8_t>(*image, stream, out.data());
    jpeg2000_to_rgb(color, tile.shape.samples, out);
  }
};

}  // namespace

BuiltInCodec jpeg2000_codec() {
  return {"OpenJPEG", opj_version(), []() -> std::unique_ptr<Codec> { return std::make_unique<Jpeg2000Codec>(); }};
}

}  // namespace microtome::decode
