#include "infer/failure.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace microtome::infer {
namespace {

constexpr std::size_t kLongestLine = 1000;

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// The number of the CUDA runtime's own list in "CUDA failure 700: ..." ("CUDA error 700" in TensorRT's words).
std::optional<int> cuda_error_of(const std::string& text) {
  for (const char* words : {"CUDA failure ", "CUDA error "}) {
    const auto found = text.find(words);
    if (found == std::string::npos) continue;
    const char* begin = text.data() + found + std::char_traits<char>::length(words);
    int number = 0;
    if (std::from_chars(begin, text.data() + text.size(), number).ec == std::errc()) return number;
  }
  return std::nullopt;
}

// What is over for this process: no later call on the device can succeed.
constexpr int kLost[] = {4, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 806, 999};

bool is_one_of(int number, std::span<const int> list) {
  return std::find(list.begin(), list.end(), number) != list.end();
}

// The device was never usable by this process: no driver that is new enough, no code for this GPU, no device.
constexpr int kUnusable[] = {34, 35, 36, 46, 98, 100, 101, 209, 222, 223, 300, 301, 302, 303, 803, 804};

}  // namespace

std::string one_line(const std::string& text) {
  std::string line = text.substr(0, kLongestLine);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return text.size() > kLongestLine ? line + " ..." : line;
}

bool Failure::is_out_of_memory() const {
  return contains(text, "bad_alloc") || contains(text, "Failed to allocate memory") ||
         contains(text, "Available memory of") || contains(text, "out of memory") || contains(text, "ALLOC_FAILED") ||
         contains(text, "ALLOCATION_FAILED") || contains(text, "OutOfMemory");
}

std::optional<Code> code_of_device(const Failure& failure) {
  if (failure.is_out_of_memory()) return Code::OUT_OF_MEMORY;
  const auto cuda = cuda_error_of(failure.text);
  if (cuda) {
    if (is_one_of(*cuda, kUnusable)) return Code::DEVICE_UNAVAILABLE;
    // Any other number is a call that failed, such as a launch that asks for too much: the device works on.
    return is_one_of(*cuda, kLost) ? std::optional(Code::DEVICE_LOST) : std::nullopt;
  }
  // cuBLAS and cuDNN fail so where the device does not answer any more.
  if (contains(failure.text, "EXECUTION_FAILED")) return Code::DEVICE_LOST;
  if (contains(failure.text, "fallback to CPU EP has been explicitly disabled")) return Code::DEVICE_UNAVAILABLE;
  return std::nullopt;
}

std::string reason_of(const Failure& failure) {
  std::string text = failure.text;
  // "place [ONNXRuntimeError] : 1 : FAIL : reason"
  const auto mark = text.find(" [ONNXRuntimeError] : ");
  const auto kind = mark == std::string::npos ? mark : text.find(" : ", mark + 22);
  const auto reason = kind == std::string::npos ? kind : text.find(" : ", kind + 3);
  if (reason != std::string::npos) text.erase(0, reason + 3);
  const auto host = text.find("hostname=");
  if (host == std::string::npos) return text;
  const auto end = text.find_first_not_of("; ", text.find(';', host));
  return text.erase(host, end == std::string::npos ? end : end - host);
}

}  // namespace microtome::infer
