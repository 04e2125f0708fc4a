// Compares every slot of infer/ort_api.h with a real onnxruntime_c_api.h: its place in the table and the version that
// first has it. MICROTOME_ORT_HEADERS names the folder of that header. Where it is not set, the test is skipped; with
// CI=true it fails.
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "infer/ort_api.h"
#include "test/check.h"

namespace ort = microtome::infer::ort;
using microtome::test::fail;

namespace {

constexpr int kOldestVersion = ort::Slot<void()>{}.since;

struct Place {
  std::size_t number = 0;
  int since = 0;  // of version 1.since; 0 where the header does not say
};
using Places = std::map<std::string, Place>;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Members of struct OrtApi in order: each is a function pointer written out, or one of two macros, and its name is in
// its first line. The comment before a member may say since when it is there.
Places places_of(const std::string& header) {
  static const std::regex member(
      R"(ORT_API2_STATUS\((\w+)|ORT_CLASS_RELEASE2?\((\w+)|\(ORT_API_CALL\s*\*\s*(\w+)\s*\))");
  static const std::regex since(R"(\\since Version 1\.(\d+))");
  const auto begin = header.find("\nstruct OrtApi {");
  const auto end = header.find("\n};", begin);
  Places places;
  if (begin == std::string::npos || end == std::string::npos) return places;
  std::istringstream lines(header.substr(begin, end - begin));
  bool in_comment = false;
  Place next;
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (line.find("/*") != std::string::npos) in_comment = true;
    if (in_comment && std::regex_search(line, found, since)) next.since = std::stoi(found[1]);
    const std::string code = in_comment ? "" : line.substr(0, line.find("//"));
    if (line.find("*/") != std::string::npos) in_comment = false;
    if (!std::regex_search(code, found, member)) continue;
    const std::string name = found[1].matched   ? found[1].str()
                             : found[2].matched ? "Release" + found[2].str()
                                                : found[3].str();
    places.emplace(name, next);
    next = {next.number + 1, 0};
  }
  return places;
}

// "kCreateEnv{4}" and "kSetDeterministicCompute{273, 17}" of our own header, read as text so that none is left out.
Places places_in_use() {
  const std::string here = __FILE__;
  const std::string ours = read(here.substr(0, here.rfind("/test/")) + "/infer/ort_api.h");
  static const std::regex slot(R"(\bk(\w+)\{(\d+)(?:, (\d+))?\};)");
  Places places;
  for (auto it = std::sregex_iterator(ours.begin(), ours.end(), slot); it != std::sregex_iterator(); ++it) {
    const std::smatch& found = *it;
    const int since = found[3].matched ? std::stoi(found[3]) : kOldestVersion;
    places[found[1]] = {static_cast<std::size_t>(std::stoul(found[2])), since};
  }
  return places;
}

}  // namespace

TEST(our_header_is_read_whole) {
  const auto ours = places_in_use();
  CHECK(ours.size() > 45);
  CHECK_EQ(ours.at("GetErrorCode").number, ort::kGetErrorCode.number);
  CHECK_EQ(ours.at("CreateSession").since, ort::kCreateSession.since);
  CHECK_EQ(ours.at("SetDeterministicCompute").since, ort::kSetDeterministicCompute.since);
}

TEST(every_slot_is_where_the_real_header_has_it) {
  const char* folder = std::getenv("MICROTOME_ORT_HEADERS");
  if (folder == nullptr || *folder == '\0') {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string(ci) == "true")
      return fail(__FILE__, __LINE__, "MICROTOME_ORT_HEADERS is not set, and in CI this test must run");
    std::printf("skipped: every_slot_is_where_the_real_header_has_it (MICROTOME_ORT_HEADERS is not set)\n");
    return;
  }
  const auto real = places_of(read(std::string(folder) + "/onnxruntime_c_api.h"));
  CHECK(real.size() > 274);
  for (const auto& [name, ours] : places_in_use()) {
    const auto found = real.find(name);
    if (found == real.end()) {
      fail(__FILE__, __LINE__, name + " is not in the header");
      continue;
    }
    const auto& [number, since] = found->second;
    if (number != ours.number)
      fail(__FILE__, __LINE__, name + " is slot " + std::to_string(number) + ", not " + std::to_string(ours.number));
    if (since > ours.since)
      fail(__FILE__, __LINE__,
           name + " is there since 1." + std::to_string(since) + ", not 1." + std::to_string(ours.since));
  }
}

TEST_MAIN
