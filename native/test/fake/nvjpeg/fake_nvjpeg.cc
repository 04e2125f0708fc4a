// A library with nvJPEG's functions that decodes with libjpeg-turbo, for tests on machines without a GPU. Planes are as
// stored, as nvJPEG's output "unchanged". It says nothing about speed.
#include "test/fake/nvjpeg/fake_nvjpeg.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#define FAKE_API extern "C" __attribute__((visibility("default")))

namespace {

struct Image {
  unsigned char* channel[4];
  std::size_t pitch[4];
};

struct Handle {
  int backend = 0;
};
struct State {
  int batch = 0;
  int format = -1;
  std::atomic<bool>* busy = nullptr;  // with the batch before; one of `flags`
};
struct Stream {
  int width = 0, height = 0, chroma = -1, components = 0;
  bool is_baseline = false;
};

std::mutex mutex;
FakeNvjpegSwitches switches;
FakeNvjpegCounts counts;
std::deque<std::atomic<bool>> flags;  // of batches, for as long as the process lives
int decodes_until_failure = 0;
bool has_ended = false;

// Ends with the process, as the real library does: whoever calls then ends it with a status of his own.
struct End {
  ~End() { has_ended = true; }
} end;

int count_live(int change) {
  if (has_ended) ::_exit(kFakeNvjpegCalledAfterEnd);
  const std::scoped_lock lock(mutex);
  counts.live += change;
  return 0;
}

void misuse() {
  const std::scoped_lock lock(mutex);
  ++counts.misuses;
}

bool is_busy(const State& state) { return state.busy != nullptr && state.busy->load(); }

// Marks the state as busy until the work that is put on the stream meanwhile is done.
class Busy {
 public:
  Busy(State& state, void* stream) : stream_(stream) {
    if (switches.enqueue == nullptr) return;
    const std::scoped_lock lock(mutex);
    state.busy = busy_ = &flags.emplace_back(true);
  }
  ~Busy() {
    if (busy_ == nullptr) return;
    const int status =
        switches.enqueue(stream_, [](void* flag) { static_cast<std::atomic<bool>*>(flag)->store(false); }, busy_, 0);
    if (status != 0) busy_->store(false);  // the device is lost
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  void* stream_;
  std::atomic<bool>* busy_ = nullptr;
};

struct Turbo {
  void* (*init)(int) = nullptr;
  void (*destroy)(void*) = nullptr;
  int (*set)(void*, int, int) = nullptr;
  int (*to_planes)(void*, const unsigned char*, std::size_t, unsigned char**, int*) = nullptr;

  explicit Turbo(const char* path) {
    void* const library = path == nullptr ? nullptr : ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    init = reinterpret_cast<decltype(init)>(::dlsym(library, "tj3Init"));
    destroy = reinterpret_cast<decltype(destroy)>(::dlsym(library, "tj3Destroy"));
    set = reinterpret_cast<decltype(set)>(::dlsym(library, "tj3Set"));
    to_planes = reinterpret_cast<decltype(to_planes)>(::dlsym(library, "tj3DecompressToYUVPlanes8"));
  }
};

constexpr int kOk = 0, kInvalid = 2, kBadJpeg = 3, kNotSupported = 4, kFailed = 6, kIncomplete = 10;

// 4:4:4, 4:2:2, 4:2:0 or grey, by nvJPEG's numbers; -1: another.
int chroma_of(const unsigned char* body) {
  if (body[5] == 1) return 6;
  if (body[5] != 3 || body[10] != 0x11 || body[13] != 0x11) return -1;
  return body[7] == 0x11 ? 0 : body[7] == 0x21 ? 1 : body[7] == 0x22 ? 2 : -1;
}

// The frame header and, in a copy, YCbCr for the colours: libjpeg-turbo gives no planes of what says that it is RGB.
int read_header(const unsigned char* data, std::size_t bytes, Stream& out, std::vector<unsigned char>* copy) {
  if (bytes < 4 || data[0] != 0xFF || data[1] != 0xD8) return kBadJpeg;
  for (std::size_t at = 2; at + 4 <= bytes;) {
    if (data[at] != 0xFF) return kBadJpeg;
    const std::size_t length = static_cast<std::size_t>(data[at + 2]) << 8 | data[at + 3];
    if (length < 2 || at + 2 + length > bytes) return kIncomplete;
    const unsigned char* const body = data + at + 4;
    const unsigned char marker = data[at + 1];
    if (marker == 0xEE && length == 14 && copy != nullptr) (*copy)[at + 4 + 11] = 1;
    if (marker == 0xC0 || marker == 0xC1 || marker == 0xC2) {
      if (length < 8 || length < 8 + 3 * static_cast<std::size_t>(body[5])) return kBadJpeg;
      out.is_baseline = marker == 0xC0;
      out.height = body[1] << 8 | body[2];
      out.width = body[3] << 8 | body[4];
      out.components = body[5];
      out.chroma = chroma_of(body);
    }
    if (marker == 0xDA) return out.components == 0 ? kBadJpeg : kOk;
    at += 2 + length;
  }
  return kIncomplete;
}

// Decodes one image and writes its planes to the device.
int decode_one(const Turbo& turbo, const unsigned char* data, std::size_t bytes, const Image& to, void* on) {
  Stream header;
  std::vector<unsigned char> copy(data, data + bytes);
  if (const int status = read_header(data, bytes, header, &copy)) return status;
  if (!header.is_baseline || header.chroma < 0 || header.chroma == switches.unsupported_chroma) return kNotSupported;
  const int planes = header.components == 1 ? 1 : 3;
  std::vector<unsigned char> samples[3];
  unsigned char* pointers[3] = {};
  int strides[3] = {};
  int heights[3] = {};
  for (int i = 0; i < planes; ++i) {
    strides[i] = i > 0 && (header.chroma == 1 || header.chroma == 2) ? (header.width + 1) / 2 : header.width;
    heights[i] = i > 0 && header.chroma == 2 ? (header.height + 1) / 2 : header.height;
    // libjpeg-turbo writes planes of whole MCUs.
    samples[i].resize(static_cast<std::size_t>(strides[i] + 16) * static_cast<std::size_t>(heights[i] + 16));
    pointers[i] = samples[i].data();
  }
  void* const decoder = turbo.init(1);
  if (decoder == nullptr) return kFailed;
  constexpr int kStopOnWarning = 0, kFastTransform = 10;
  turbo.set(decoder, kStopOnWarning, 1);
  turbo.set(decoder, kFastTransform, switches.fast_transform);
  const int failed = turbo.to_planes(decoder, copy.data(), copy.size(), pointers, strides);
  turbo.destroy(decoder);
  if (failed != 0) return kBadJpeg;
  for (int i = 0; i < planes; ++i) {
    if (to.channel[i] == nullptr || to.pitch[i] < static_cast<std::size_t>(strides[i])) return kInvalid;
    for (int row = 0; row < heights[i]; ++row) {
      const auto address =
          reinterpret_cast<std::uint64_t>(to.channel[i]) + static_cast<std::uint64_t>(row) * to.pitch[i];
      const unsigned char* const from =
          pointers[i] + static_cast<std::size_t>(row) * static_cast<std::size_t>(strides[i]);
      const auto width = static_cast<std::size_t>(strides[i]);
      if (switches.write == nullptr)
        std::memcpy(reinterpret_cast<void*>(address), from, width);
      else if (switches.write(address, from, width, on) != 0)
        return kFailed;
    }
  }
  return kOk;
}

}  // namespace

FAKE_API void fake_nvjpeg_set(const FakeNvjpegSwitches* to) {
  const std::scoped_lock lock(mutex);
  switches = *to;
  decodes_until_failure = to->fail_at_decode;
}

FAKE_API void fake_nvjpeg_counts(FakeNvjpegCounts* to) {
  const std::scoped_lock lock(mutex);
  *to = counts;
}

FAKE_API void fake_nvjpeg_clear() {
  const std::scoped_lock lock(mutex);
  counts = {.live = counts.live};
}

FAKE_API int nvjpegGetProperty(int type, int* value) {
  constexpr int kVersion[3] = {11, 9, 0};
  if (type < 0 || type > 2) return kInvalid;
  *value = kVersion[type];
  return kOk;
}

FAKE_API int nvjpegCreateEx(int backend, void*, void*, unsigned flags, void** handle) {
  {
    const std::scoped_lock lock(mutex);
    counts.last_backend = backend;
    counts.last_flags = flags;
  }
  if (backend < 0 || backend > 3) return kInvalid;
  if (switches.create_status[backend] != 0) return switches.create_status[backend];
  if (switches.refuses_flags != 0 && flags != 0) return kInvalid;
  // Not allocated: a handle that is left alone at the end of a process is no leak of the test.
  static Handle handles[] = {{0}, {1}, {2}, {3}};
  *handle = &handles[backend];
  return count_live(1);
}

FAKE_API int nvjpegDestroy(void*) { return count_live(-1); }

FAKE_API int nvjpegGetHardwareDecoderInfo(void*, unsigned* engines, unsigned* cores) {
  *engines = static_cast<unsigned>(switches.engines);
  *cores = 1;
  return kOk;
}

FAKE_API int nvjpegJpegStateCreate(void*, void** state) {
  if (switches.state_status != 0) return switches.state_status;
  *state = std::make_unique<State>().release();
  return count_live(1);
}

FAKE_API int nvjpegJpegStateDestroy(void* state) {
  const std::unique_ptr<State> owned(static_cast<State*>(state));
  return count_live(-1);
}

FAKE_API int nvjpegJpegStreamCreate(void*, void** stream) {
  *stream = std::make_unique<Stream>().release();
  return count_live(1);
}

FAKE_API int nvjpegJpegStreamDestroy(void* stream) {
  const std::unique_ptr<Stream> owned(static_cast<Stream*>(stream));
  return count_live(-1);
}

FAKE_API int nvjpegJpegStreamParseHeader(void*, const unsigned char* data, std::size_t bytes, void* stream) {
  if (switches.parse_status != 0) return switches.parse_status;
  return read_header(data, bytes, *static_cast<Stream*>(stream), nullptr);
}

FAKE_API int nvjpegDecodeBatchedSupported(void*, void* stream, int* verdict) {
  const auto& header = *static_cast<const Stream*>(stream);
  *verdict = header.is_baseline && header.chroma >= 0 && header.chroma != switches.unsupported_chroma ? 0 : 1;
  return kOk;
}

FAKE_API int nvjpegDecodeBatchedInitialize(void*, void* state, int batch, int cpu_threads, int format) {
  if (batch < 1 || cpu_threads < 1 || format != 0) {
    misuse();
    return kInvalid;
  }
  static_cast<State*>(state)->batch = batch;
  static_cast<State*>(state)->format = format;
  return kOk;
}

FAKE_API int nvjpegDecodeBatched(void*, void* state_pointer, const unsigned char* const* data, const std::size_t* bytes,
                                 Image* to, void* stream) {
  auto& state = *static_cast<State*>(state_pointer);
  if (state.batch == 0) {
    misuse();
    return kInvalid;
  }
  if (is_busy(state)) {
    // Work of a device that is lost is never done.
    if (switches.enqueue(stream, [](void*) {}, nullptr, 0) != 0) return kFailed;
    misuse();
  }
  {
    const std::scoped_lock lock(mutex);
    ++counts.decodes;
    counts.largest_batch = std::max(counts.largest_batch, state.batch);
    if (decodes_until_failure > 0 && --decodes_until_failure == 0) {
      state.batch = 0;
      return switches.fail_status;
    }
  }
  const Turbo turbo(switches.turbojpeg);
  if (turbo.to_planes == nullptr) return kFailed;
  const Busy busy(state, stream);
  for (int i = 0; i < state.batch; ++i) {
    const int status = decode_one(turbo, data[i], bytes[i], to[i], stream);
    if (status != kOk) {
      state.batch = 0;  // a state that failed must be set up again
      return status;
    }
  }
  const std::scoped_lock lock(mutex);
  counts.images += state.batch;
  return kOk;
}
