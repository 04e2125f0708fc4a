// Compares the slot numbers of infer/ort_api.h with a real onnxruntime_c_api.h. MICROTOME_ORT_HEADERS names the folder
// that has it; without it the test says so and passes.
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "infer/ort_api.h"
#include "test/check.h"

namespace ort = microtome::infer::ort;

namespace {

// Members of struct OrtApi in order: each is a function pointer written out, or one of two macros.
std::map<std::string, std::size_t> slots_of(const std::string& header) {
  const auto begin = header.find("\nstruct OrtApi {");
  const auto end = header.find("\n};", begin);
  std::map<std::string, std::size_t> slots;
  if (begin == std::string::npos || end == std::string::npos) return slots;
  std::string text;
  std::istringstream lines(header.substr(begin, end - begin));
  bool in_comment = false;
  for (std::string line; std::getline(lines, line);) {
    const auto opens = line.find("/*");
    const auto closes = line.find("*/");
    if (opens != std::string::npos) in_comment = true;
    if (!in_comment) text += line.substr(0, line.find("//")) + "\n";
    if (in_comment && closes != std::string::npos) in_comment = false;
  }
  const std::regex member(R"(ORT_API2_STATUS\((\w+)|ORT_CLASS_RELEASE2?\((\w+)|\(ORT_API_CALL\s*\*\s*(\w+)\s*\))");
  std::size_t number = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), member); it != std::sregex_iterator(); ++it) {
    const std::smatch& found = *it;
    const std::string name = found[1].matched   ? found[1].str()
                             : found[2].matched ? "Release" + found[2].str()
                                                : found[3].str();
    slots.emplace(name, number++);
  }
  return slots;
}

std::map<std::string, std::size_t> slots_in_use() {
  return {
      {"GetErrorCode", ort::kGetErrorCode.number},
      {"GetErrorMessage", ort::kGetErrorMessage.number},
      {"CreateEnvWithCustomLogger", ort::kCreateEnvWithCustomLogger.number},
      {"DisableTelemetryEvents", ort::kDisableTelemetryEvents.number},
      {"CreateSession", ort::kCreateSession.number},
      {"CreateSessionOptions", ort::kCreateSessionOptions.number},
      {"SetSessionExecutionMode", ort::kSetSessionExecutionMode.number},
      {"SetSessionLogId", ort::kSetSessionLogId.number},
      {"SetSessionLogSeverityLevel", ort::kSetSessionLogSeverityLevel.number},
      {"SetSessionGraphOptimizationLevel", ort::kSetSessionGraphOptimizationLevel.number},
      {"SetIntraOpNumThreads", ort::kSetIntraOpNumThreads.number},
      {"SetInterOpNumThreads", ort::kSetInterOpNumThreads.number},
      {"SessionGetInputCount", ort::kSessionGetInputCount.number},
      {"SessionGetOutputCount", ort::kSessionGetOutputCount.number},
      {"SessionGetInputTypeInfo", ort::kSessionGetInputTypeInfo.number},
      {"SessionGetOutputTypeInfo", ort::kSessionGetOutputTypeInfo.number},
      {"SessionGetInputName", ort::kSessionGetInputName.number},
      {"SessionGetOutputName", ort::kSessionGetOutputName.number},
      {"CreateRunOptions", ort::kCreateRunOptions.number},
      {"RunOptionsSetTerminate", ort::kRunOptionsSetTerminate.number},
      {"CreateTensorWithDataAsOrtValue", ort::kCreateTensorWithDataAsOrtValue.number},
      {"IsTensor", ort::kIsTensor.number},
      {"GetTensorMutableData", ort::kGetTensorMutableData.number},
      {"CastTypeInfoToTensorInfo", ort::kCastTypeInfoToTensorInfo.number},
      {"GetOnnxTypeFromTypeInfo", ort::kGetOnnxTypeFromTypeInfo.number},
      {"GetTensorElementType", ort::kGetTensorElementType.number},
      {"GetDimensionsCount", ort::kGetDimensionsCount.number},
      {"GetDimensions", ort::kGetDimensions.number},
      {"GetTensorTypeAndShape", ort::kGetTensorTypeAndShape.number},
      {"CreateCpuMemoryInfo", ort::kCreateCpuMemoryInfo.number},
      {"AllocatorFree", ort::kAllocatorFree.number},
      {"GetAllocatorWithDefaultOptions", ort::kGetAllocatorWithDefaultOptions.number},
      {"ReleaseStatus", ort::kReleaseStatus.number},
      {"ReleaseMemoryInfo", ort::kReleaseMemoryInfo.number},
      {"ReleaseSession", ort::kReleaseSession.number},
      {"ReleaseValue", ort::kReleaseValue.number},
      {"ReleaseRunOptions", ort::kReleaseRunOptions.number},
      {"ReleaseTypeInfo", ort::kReleaseTypeInfo.number},
      {"ReleaseTensorTypeAndShapeInfo", ort::kReleaseTensorTypeAndShapeInfo.number},
      {"ReleaseSessionOptions", ort::kReleaseSessionOptions.number},
      {"GetAvailableProviders", ort::kGetAvailableProviders.number},
      {"ReleaseAvailableProviders", ort::kReleaseAvailableProviders.number},
      {"AddSessionConfigEntry", ort::kAddSessionConfigEntry.number},
      {"RunWithBinding", ort::kRunWithBinding.number},
      {"CreateIoBinding", ort::kCreateIoBinding.number},
      {"ReleaseIoBinding", ort::kReleaseIoBinding.number},
      {"BindInput", ort::kBindInput.number},
      {"BindOutputToDevice", ort::kBindOutputToDevice.number},
      {"GetBoundOutputValues", ort::kGetBoundOutputValues.number},
      {"ClearBoundInputs", ort::kClearBoundInputs.number},
      {"ClearBoundOutputs", ort::kClearBoundOutputs.number},
      {"SetDeterministicCompute", ort::kSetDeterministicCompute.number},
  };
}

}  // namespace

TEST(every_slot_is_where_the_real_header_has_it) {
  const char* folder = std::getenv("MICROTOME_ORT_HEADERS");
  if (folder == nullptr || *folder == '\0') {
    std::printf("skipped: MICROTOME_ORT_HEADERS is not set\n");
    return;
  }
  std::ifstream file(std::string(folder) + "/onnxruntime_c_api.h");
  std::stringstream text;
  text << file.rdbuf();
  const auto real = slots_of(text.str());
  CHECK(real.size() > 274);
  for (const auto& [name, number] : slots_in_use()) {
    const auto found = real.find(name);
    if (found == real.end())
      microtome::test::fail(__FILE__, __LINE__, name + " is not in the header");
    else if (found->second != number)
      microtome::test::fail(__FILE__, __LINE__,
                            name + " is slot " + std::to_string(found->second) + ", not " + std::to_string(number));
  }
}

TEST(every_slot_of_the_oldest_table_lies_inside_it) {
  for (const auto& [name, number] : slots_in_use())
    if (name != "SetDeterministicCompute") CHECK(number <= 216);
}

TEST_MAIN
