#include "protocol.h"

#include <dlfcn.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <thread>
#include <utility>

namespace bench {
namespace {

std::uint32_t crc32(const std::uint8_t* bytes, std::size_t count) {
  static const auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1u) != 0 ? 0xedb88320u : 0u);
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (std::size_t i = 0; i < count; ++i) crc = (crc >> 8) ^ kTable[(crc ^ bytes[i]) & 0xffu];
  return ~crc;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

// Not ru_maxrss, which starts at the size of the process that started this one.
long peak_rss_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6));
  return 0;
}

void answer_verify(const Contender& contender) {
  const TileDigest digest = contender.verify();
  std::cout << "{\"tiles\":" << digest.tiles() << ",\"digest\":\"" << digest.digest() << "\"}" << std::endl;
}

void answer_run(const Contender& contender) {
  const double cpu = cpu_ms();
  const auto began = std::chrono::steady_clock::now();
  const std::int64_t tiles = contender.pass();
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - began;
  std::cout << "{\"tiles\":" << tiles << ",\"wallMs\":" << wall.count() << ",\"cpuMs\":" << cpu_ms() - cpu << "}"
            << std::endl;
}

}  // namespace

Workload::Workload(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const std::size_t equals = arg.find('=');
    if (arg.rfind("--", 0) != 0 || equals == std::string::npos)
      throw std::runtime_error("not an argument of the form --name=value: " + arg);
    values_[arg.substr(2, equals - 2)] = arg.substr(equals + 1);
  }
}

const std::string& Workload::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::runtime_error("--" + name + " is missing");
  return found->second;
}

std::int64_t Workload::number(const std::string& name) const { return std::stoll(text(name)); }

void TileDigest::add(std::int64_t x, std::int64_t y, const std::uint8_t* bytes, std::size_t count) {
  lines_ += std::to_string(x) + ' ' + std::to_string(y) + ' ' + std::to_string(crc32(bytes, count)) + '\n';
  ++tiles_;
}

std::string TileDigest::digest() const {
  std::array<char, 9> text{};
  const auto crc = crc32(reinterpret_cast<const std::uint8_t*>(lines_.data()), lines_.size());
  std::snprintf(text.data(), text.size(), "%08x", crc);
  return text.data();
}

void in_parallel(std::int64_t count, std::int64_t threads,
                 const std::function<void(std::int64_t, std::int64_t)>& each) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(threads));
  const auto run = [&](std::int64_t thread) {
    try {
      for (std::int64_t i = count * thread / threads; i < count * (thread + 1) / threads; ++i) each(thread, i);
    } catch (...) {
      failures[static_cast<std::size_t>(thread)] = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (std::int64_t thread = 1; thread < threads; ++thread) others.emplace_back(run, thread);
  run(0);
  for (auto& other : others) other.join();
  for (const auto& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

Contender grid_contender(const Workload& workload, std::string version, const std::function<void(const Tile&)>& read,
                         const std::function<void(const Tile&, TileDigest&)>& pixels) {
  const std::int64_t stride = workload.number("stride");
  const std::int64_t columns = workload.number("columns");
  const std::int64_t count = columns * workload.number("rows");
  const std::int64_t threads = workload.number("threads");
  const auto tile = [=](std::int64_t thread, std::int64_t i) {
    return Tile{thread, i, i % columns * stride, i / columns * stride};
  };
  Contender contender{.version = std::move(version), .verify = nullptr, .pass = nullptr};
  if (pixels)
    contender.verify = [=] {
      TileDigest digest;
      for (std::int64_t i = 0; i < count; ++i) {
        read(tile(0, i));
        pixels(tile(0, i), digest);
      }
      return digest;
    };
  contender.pass = [=] {
    in_parallel(count, threads, [&](std::int64_t thread, std::int64_t i) { read(tile(thread, i)); });
    return count;
  };
  return contender;
}

int serve(int argc, char** argv, const std::function<Contender(const Workload&)>& make) {
  std::ios::sync_with_stdio(false);
  std::cout.precision(12);
  try {
    const Contender contender = make(Workload(argc, argv));
    std::cout << "{\"ready\":true,\"version\":" << quoted(contender.version) << "}" << std::endl;
    std::string word;
    while (std::getline(std::cin, word)) {
      if (word == "verify")
        answer_verify(contender);
      else if (word == "run")
        answer_run(contender);
      else
        break;
    }
    std::cout << "{\"peakRssKib\":" << peak_rss_kib() << "}" << std::endl;
    return 0;
  } catch (const std::exception& error) {
    std::cout << "{\"ready\":false,\"reason\":" << quoted(error.what()) << "}" << std::endl;
    return 1;
  }
}

Library::Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)), path_(path) {
  if (handle_ == nullptr) throw std::runtime_error(dlerror());
}

void* Library::find(const char* symbol) const {
  void* found = dlsym(handle_, symbol);
  if (found == nullptr) throw std::runtime_error(path_ + " has no " + symbol);
  return found;
}

}  // namespace bench
