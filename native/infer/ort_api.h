// The part of ONNX Runtime's C API that is used here, declared in our own words. The library hands out a table of
// function pointers that only ever grows at its end, so a function is its number in that table and its C signature.
// Everything listed is in the table of version 1.14 unless it says otherwise; native/test/infer/ort_slots_test.cc
// compares the numbers with a real header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace microtome::infer::ort {

// Opaque objects of the library.
struct Status;
struct Env;
struct Session;
struct SessionOptions;
struct RunOptions;
struct Value;
struct MemoryInfo;
struct IoBinding;
struct TypeInfo;
struct TensorInfo;
struct Allocator;
struct CudaOptions;
struct TensorRtOptions;
struct HardwareDevice;
struct ProviderDevice;

// The CUDA provider's options as a public structure. It has a stream where the library cannot be given one by name.
struct OldCudaOptions {
  int device = 0;
  int convolution_search = 0;  // 0 exhaustive, 1 heuristic
  std::size_t memory_limit = SIZE_MAX;
  int arena_extend_strategy = 1;  // as requested
  int do_copy_in_default_stream = 1;
  int has_user_compute_stream = 0;
  void* user_compute_stream = nullptr;
  void* arena_settings = nullptr;
  int tunable[3] = {};
};

// The same for TensorRT.
struct OldTensorRtOptions {
  int device = 0;
  int has_user_compute_stream = 0;
  void* user_compute_stream = nullptr;
  int max_partition_iterations = 1000;
  int min_subgraph_size = 1;
  std::size_t max_workspace_size = std::size_t{1} << 30;
  int fp16_enable = 0;
  int int8_enable = 0;
  const char* int8_calibration_table_name = "";
  int int8_use_native_calibration_table = 0;
  int dla_enable = 0;
  int dla_core = 0;
  int dump_subgraphs = 0;
  int engine_cache_enable = 0;
  const char* engine_cache_path = "";
  int engine_decryption_enable = 0;
  const char* engine_decryption_lib_path = "";
  int force_sequential_engine_build = 0;
};

enum class HardwareKind : int { Cpu = 0, Gpu = 1, Npu = 2 };

enum class ErrorCode : int {
  Ok = 0,
  Fail = 1,
  InvalidArgument = 2,
  NoSuchFile = 3,
  NoModel = 4,
  EngineError = 5,
  RuntimeException = 6,
  InvalidProtobuf = 7,
  ModelLoaded = 8,
  NotImplemented = 9,
  InvalidGraph = 10,
};

enum class ElementType : int {
  Undefined = 0,
  Float32 = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  Bfloat16 = 16,
};

enum class ValueKind : int {
  Unknown = 0,
  Tensor = 1,
  Sequence = 2,
  Map = 3,
  Opaque = 4,
  SparseTensor = 5,
  Optional = 6
};
enum class LogLevel : int { Verbose = 0, Info = 1, Warning = 2, Error = 3, Fatal = 4 };
enum class GraphOptimization : int { None = 0, Basic = 1, Extended = 2, All = 99 };
enum class ExecutionMode : int { Sequential = 0, Parallel = 1 };
enum class AllocatorKind : int { Device = 0, Arena = 1 };
enum class MemoryKind : int { Default = 0 };

using LogFunction = void(void* context, LogLevel level, const char* category, const char* log_id, const char* location,
                         const char* message);

// What the library's only entry point returns.
struct ApiBase {
  const void* (*get_api)(std::uint32_t version);
  const char* (*version_string)();
};
using GetApiBaseFunction = const ApiBase*();

// One function: its place in the table, the table version that first has it, its C type.
template <typename Function>
struct Slot {
  std::size_t number;
  int since = 14;
};

inline constexpr Slot<ErrorCode(const Status*)> kGetErrorCode{1};
inline constexpr Slot<const char*(const Status*)> kGetErrorMessage{2};
inline constexpr Slot<Status*(LogFunction*, void*, LogLevel, const char*, Env**)> kCreateEnvWithCustomLogger{4};
inline constexpr Slot<Status*(const Env*)> kDisableTelemetryEvents{6};
inline constexpr Slot<Status*(const Env*, const char*, const SessionOptions*, Session**)> kCreateSession{7};
inline constexpr Slot<Status*(const Env*, const void*, std::size_t, const SessionOptions*, Session**)>
    kCreateSessionFromArray{8};
inline constexpr Slot<Status*(SessionOptions**)> kCreateSessionOptions{10};
inline constexpr Slot<Status*(SessionOptions*, ExecutionMode)> kSetSessionExecutionMode{13};
inline constexpr Slot<Status*(SessionOptions*, const char*)> kSetSessionLogId{20};
inline constexpr Slot<Status*(SessionOptions*, int)> kSetSessionLogSeverityLevel{22};
inline constexpr Slot<Status*(SessionOptions*, GraphOptimization)> kSetSessionGraphOptimizationLevel{23};
inline constexpr Slot<Status*(SessionOptions*, int)> kSetIntraOpNumThreads{24};
inline constexpr Slot<Status*(SessionOptions*, int)> kSetInterOpNumThreads{25};
inline constexpr Slot<Status*(const Session*, std::size_t*)> kSessionGetInputCount{30};
inline constexpr Slot<Status*(const Session*, std::size_t*)> kSessionGetOutputCount{31};
inline constexpr Slot<Status*(const Session*, std::size_t, TypeInfo**)> kSessionGetInputTypeInfo{33};
inline constexpr Slot<Status*(const Session*, std::size_t, TypeInfo**)> kSessionGetOutputTypeInfo{34};
inline constexpr Slot<Status*(const Session*, std::size_t, Allocator*, char**)> kSessionGetInputName{36};
inline constexpr Slot<Status*(const Session*, std::size_t, Allocator*, char**)> kSessionGetOutputName{37};
inline constexpr Slot<Status*(RunOptions**)> kCreateRunOptions{39};
inline constexpr Slot<Status*(RunOptions*)> kRunOptionsSetTerminate{46};
inline constexpr Slot<Status*(const MemoryInfo*, void*, std::size_t, const std::int64_t*, std::size_t, ElementType,
                              Value**)>
    kCreateTensorWithDataAsOrtValue{49};
inline constexpr Slot<Status*(const Value*, int*)> kIsTensor{50};
inline constexpr Slot<Status*(Value*, void**)> kGetTensorMutableData{51};
inline constexpr Slot<Status*(const TypeInfo*, const TensorInfo**)> kCastTypeInfoToTensorInfo{55};
inline constexpr Slot<Status*(const TypeInfo*, ValueKind*)> kGetOnnxTypeFromTypeInfo{56};
inline constexpr Slot<Status*(const TensorInfo*, ElementType*)> kGetTensorElementType{60};
inline constexpr Slot<Status*(const TensorInfo*, std::size_t*)> kGetDimensionsCount{61};
inline constexpr Slot<Status*(const TensorInfo*, std::int64_t*, std::size_t)> kGetDimensions{62};
inline constexpr Slot<Status*(const Value*, TensorInfo**)> kGetTensorTypeAndShape{65};
inline constexpr Slot<Status*(const char*, AllocatorKind, int, MemoryKind, MemoryInfo**)> kCreateMemoryInfo{68};
inline constexpr Slot<Status*(AllocatorKind, MemoryKind, MemoryInfo**)> kCreateCpuMemoryInfo{69};
inline constexpr Slot<Status*(Allocator*, void*)> kAllocatorFree{76};
inline constexpr Slot<Status*(Allocator**)> kGetAllocatorWithDefaultOptions{78};
inline constexpr Slot<void(Status*)> kReleaseStatus{93};
inline constexpr Slot<void(MemoryInfo*)> kReleaseMemoryInfo{94};
inline constexpr Slot<void(Session*)> kReleaseSession{95};
inline constexpr Slot<void(Value*)> kReleaseValue{96};
inline constexpr Slot<void(RunOptions*)> kReleaseRunOptions{97};
inline constexpr Slot<void(TypeInfo*)> kReleaseTypeInfo{98};
inline constexpr Slot<void(TensorInfo*)> kReleaseTensorTypeAndShapeInfo{99};
inline constexpr Slot<void(SessionOptions*)> kReleaseSessionOptions{100};
inline constexpr Slot<Status*(SessionOptions*, const char*, std::int64_t)> kAddFreeDimensionOverrideByName{124};
inline constexpr Slot<Status*(char***, int*)> kGetAvailableProviders{125};
inline constexpr Slot<Status*(char**, int)> kReleaseAvailableProviders{126};
inline constexpr Slot<Status*(SessionOptions*, const char*, const char*)> kAddSessionConfigEntry{130};
inline constexpr Slot<Status*(Session*, const RunOptions*, const IoBinding*)> kRunWithBinding{133};
inline constexpr Slot<Status*(Session*, IoBinding**)> kCreateIoBinding{134};
inline constexpr Slot<void(IoBinding*)> kReleaseIoBinding{135};
inline constexpr Slot<Status*(IoBinding*, const char*, const Value*)> kBindInput{136};
inline constexpr Slot<Status*(IoBinding*, const char*, const Value*)> kBindOutput{137};
inline constexpr Slot<Status*(IoBinding*, const char*, const MemoryInfo*)> kBindOutputToDevice{138};
inline constexpr Slot<Status*(const IoBinding*, Allocator*, Value***, std::size_t*)> kGetBoundOutputValues{140};
inline constexpr Slot<void(IoBinding*)> kClearBoundInputs{141};
inline constexpr Slot<void(IoBinding*)> kClearBoundOutputs{142};
inline constexpr Slot<Status*(SessionOptions*, const OldCudaOptions*)> kSessionOptionsAppendExecutionProvider_CUDA{152};
inline constexpr Slot<Status*(SessionOptions*, const OldTensorRtOptions*)>
    kSessionOptionsAppendExecutionProvider_TensorRT{159};
inline constexpr Slot<Status*(RunOptions*, const char*, const char*)> kAddRunConfigEntry{165};
inline constexpr Slot<Status*(SessionOptions*, const TensorRtOptions*)>
    kSessionOptionsAppendExecutionProvider_TensorRT_V2{170};
inline constexpr Slot<Status*(TensorRtOptions**)> kCreateTensorRTProviderOptions{171};
inline constexpr Slot<Status*(TensorRtOptions*, const char* const* keys, const char* const* values, std::size_t)>
    kUpdateTensorRTProviderOptions{172};
inline constexpr Slot<void(TensorRtOptions*)> kReleaseTensorRTProviderOptions{174};
inline constexpr Slot<Status*(SessionOptions*, const CudaOptions*)> kSessionOptionsAppendExecutionProvider_CUDA_V2{204};
inline constexpr Slot<Status*(CudaOptions**)> kCreateCUDAProviderOptions{205};
inline constexpr Slot<Status*(CudaOptions*, const char* const* keys, const char* const* values, std::size_t)>
    kUpdateCUDAProviderOptions{206};
inline constexpr Slot<void(CudaOptions*)> kReleaseCUDAProviderOptions{208};
inline constexpr Slot<const char*()> kGetBuildInfoString{254, 15};
inline constexpr Slot<Status*(TensorRtOptions*, const char*, void*)> kUpdateTensorRTProviderOptionsWithValue{261, 16};
inline constexpr Slot<Status*(CudaOptions*, const char*, void*)> kUpdateCUDAProviderOptionsWithValue{263, 16};
inline constexpr Slot<Status*(SessionOptions*, bool)> kSetDeterministicCompute{273, 17};
inline constexpr Slot<Status*(SessionOptions*, const char* const* names, char* const* contents,
                              const std::size_t* lengths, std::size_t count)>
    kAddExternalInitializersFromFilesInMemory{279, 18};
inline constexpr Slot<Status*(SessionOptions*, bool)> kSessionOptionsSetLoadCancellationFlag{293, 22};
inline constexpr Slot<Status*(Env*, const char* name, const char* path)> kRegisterExecutionProviderLibrary{301, 22};
inline constexpr Slot<Status*(const Env*, const ProviderDevice* const**, std::size_t*)> kGetEpDevices{303, 22};
inline constexpr Slot<Status*(SessionOptions*, Env*, const ProviderDevice* const*, std::size_t, const char* const* keys,
                              const char* const* values, std::size_t)>
    kSessionOptionsAppendExecutionProvider_V2{304, 22};
inline constexpr Slot<HardwareKind(const HardwareDevice*)> kHardwareDevice_Type{307, 22};
inline constexpr Slot<const char*(const ProviderDevice*)> kEpDevice_EpName{312, 22};
inline constexpr Slot<const HardwareDevice*(const ProviderDevice*)> kEpDevice_Device{316, 22};

// A table and the version it was asked for. Copyable; the library behind it is never unloaded.
class Api {
 public:
  Api() = default;
  Api(const void* table, int version) : table_(static_cast<void* const*>(table)), version_(version) {}

  [[nodiscard]] int version() const noexcept { return version_; }

  template <typename Function>
  [[nodiscard]] bool has(const Slot<Function>& slot) const noexcept {
    return version_ >= slot.since;
  }
  template <typename Function>
  [[nodiscard]] Function* function(const Slot<Function>& slot) const noexcept {
    return reinterpret_cast<Function*>(table_[slot.number]);
  }
  // api(kSlot, arguments...) calls the function.
  template <typename Function, typename... Arguments>
  auto operator()(const Slot<Function>& slot, Arguments... arguments) const {
    return function(slot)(arguments...);
  }

 private:
  void* const* table_ = nullptr;
  int version_ = 0;
};

// An object of the library, released by the function that belongs to it.
template <typename Object>
using Handle = std::unique_ptr<Object, void (*)(Object*)>;

}  // namespace microtome::infer::ort
