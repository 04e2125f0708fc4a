#include "gpu/module.h"

#include <array>
#include <string>

#include "gpu/driver_error.h"

namespace microtome::gpu {
namespace {

constexpr std::size_t kLogBytes = 4096;

// The compiler's first line: what follows repeats it.
std::string first_line(const char* log) {
  const std::string_view text(log);
  const auto begin = text.find_first_not_of(" \r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_first_of("\r\n", begin) - begin));
}

}  // namespace

Module::Module(std::shared_ptr<const Context> context, const char* ptx) : context_(std::move(context)) {
  const auto scope = context_->enter();
  std::array<char, kLogBytes> log{};
  std::array<int, 2> options{cu::kJitErrorLogBuffer, cu::kJitErrorLogBufferBytes};
  // The driver takes a number in the place of a pointer here.
  std::array<void*, 2> values{log.data(), reinterpret_cast<void*>(log.size() - 1)};
  const CuResult result = context_->table().module_load_data(&module_, ptx, static_cast<unsigned>(options.size()),
                                                             options.data(), values.data());
  if (result == cu::kSuccess) return;
  const std::string line = first_line(log.data());
  throw driver_error(result, context_->label(), "compile our kernels" + (line.empty() ? "" : ": " + line));
}

Module::~Module() {
  if (module_ == nullptr) return;
  try {
    const auto scope = context_->enter();
    (void)context_->table().module_unload(module_);
  } catch (const Error&) {
    return;
  }
}

CuFunction Module::function(const char* name) const {
  const auto scope = context_->enter();
  CuFunction found = nullptr;
  context_->check(context_->table().module_get_function(&found, module_, name), std::string("find the kernel ") + name);
  return found;
}

void Module::launch(const Stream& stream, CuFunction function, const LaunchSize& size, void** parameters) const {
  const auto scope = context_->enter();
  const auto& [grid, block] = size;
  context_->check(context_->table().launch_kernel(function, grid[0], grid[1], grid[2], block[0], block[1], block[2], 0,
                                                  stream.native(), parameters, nullptr),
                  "start a kernel");
}

}  // namespace microtome::gpu
