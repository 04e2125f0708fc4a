// The limit: libjpeg-turbo alone. tj3Decompress8 on complete streams that lie in memory, one kept handle and one kept
// buffer per thread. No file, no TIFF, no copy.
#include <cstdint>
#include <memory>

#include "protocol.h"
#include "streams.h"

namespace {

constexpr int kInitDecompress = 1;  // TJINIT_DECOMPRESS
constexpr int kPixelsRgb = 0;       // TJPF_RGB

struct TurboJpeg {
  void* (*init)(int kind) = nullptr;
  void (*destroy)(void* handle) = nullptr;
  int (*decompress8)(void* handle, const unsigned char* jpeg, std::size_t bytes, unsigned char* out, int pitch,
                     int pixel_format) = nullptr;
  char* (*error_text)(void* handle) = nullptr;
};

bench::Contender make(const bench::Workload& workload) {
  auto api = std::make_shared<TurboJpeg>();
  const bench::Library library(workload.text("library"));
  library.bind("tj3Init", api->init);
  library.bind("tj3Destroy", api->destroy);
  library.bind("tj3Decompress8", api->decompress8);
  library.bind("tj3GetErrorStr", api->error_text);

  using Handle = std::unique_ptr<void, void (*)(void*)>;
  auto handles = std::make_shared<std::vector<Handle>>();
  for (std::int64_t i = 0; i < workload.number("threads"); ++i)
    handles->emplace_back(api->init(kInitDecompress), api->destroy);
  const auto decode = [api, handles](std::int64_t thread, const std::vector<std::uint8_t>& stream, std::uint8_t* out) {
    void* const handle = (*handles)[static_cast<std::size_t>(thread)].get();
    if (api->decompress8(handle, stream.data(), stream.size(), out, static_cast<int>(3 * bench::kSidePx), kPixelsRgb) !=
        0)
      throw std::runtime_error(api->error_text(handle));
  };
  return bench::decode_grid(workload, bench::read_streams(workload.text("streams")), "libjpeg-turbo", decode);
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
