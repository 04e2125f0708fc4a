// nvJPEG's library and its ways to decode: what is missing is named, the best way that works is taken, nothing is left,
// and nothing is called when the process ends. With a fake library.
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/process_end.h"
#include "test/check.h"
#include "test/gpu/nvjpeg_support.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;

namespace {

// Runs `body` in a process of its own, which then ends as programs do; its exit status.
template <typename Body>
int status_of(const Body& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    std::exit(failures() == 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Made before any library is opened, so that they end after it.
std::shared_ptr<const NvjpegHandle> kept_too_long;
struct Late {
  NvjpegApi::Handle handle = nullptr;
  NvjpegApi::Status (*destroy)(NvjpegApi::Handle) = nullptr;
  ~Late() {
    if (destroy != nullptr) destroy(handle);
  }
} late;

}  // namespace

TEST(a_library_that_is_not_there_is_named) {
  CHECK_THROWS(RUNTIME_MISSING, (void)NvjpegLibrary::open(""));
  try {
    (void)NvjpegLibrary::open("/nowhere/libnvjpeg.so.12");
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::RUNTIME_MISSING);
    CHECK_EQ(error.path(), std::string("/nowhere/libnvjpeg.so.12"));
    CHECK(error.message().find("No such file") != std::string::npos);
  }
}

TEST(a_library_that_is_another_says_which_function_it_lacks) {
  try {
    (void)NvjpegLibrary::open("libdl.so.2");
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::RUNTIME_MISSING);
    CHECK(error.message().find("nvjpegGetProperty") != std::string::npos);
  }
}

TEST(the_library_says_its_version) { CHECK_EQ(FakeNvjpeg::open()->version(), std::string("11.9.0")); }

TEST(the_best_backend_that_works_is_taken) {
  struct Expected {
    int hardware, gpu_hybrid, hybrid;
    int backend;  // -1: none
    std::size_t refused;
  };
  FakeNvjpeg fake;
  for (const Expected& one : {Expected{0, 0, 0, 3, 0}, Expected{6, 0, 0, 2, 1}, Expected{6, 7, 0, 1, 2},
                              Expected{6, 6, 6, -1, 3}, Expected{7, 0, 7, 2, 1}}) {
    fake.switches.create_status[3] = one.hardware;
    fake.switches.create_status[2] = one.gpu_hybrid;
    fake.switches.create_status[1] = one.hybrid;
    fake.apply();
    std::vector<NvjpegHandle::Refused> refused;
    const auto handle = NvjpegHandle::create(FakeNvjpeg::open(), refused);
    CHECK_EQ(refused.size(), one.refused);
    CHECK_EQ(handle == nullptr, one.backend < 0);
    if (handle) CHECK_EQ(fake.counts().last_backend, one.backend);
    if (handle) CHECK_EQ(fake.counts().last_flags, NvjpegApi::kFlagStrict);
  }
  CHECK_EQ(fake.counts().live, 0);
}

TEST(why_a_backend_was_not_taken_is_said) {
  FakeNvjpeg fake;
  fake.switches.create_status[3] = 6;
  fake.switches.create_status[2] = 7;
  fake.apply();
  std::vector<NvjpegHandle::Refused> refused;
  const auto handle = NvjpegHandle::create(FakeNvjpeg::open(), refused);
  CHECK_EQ(reasons_of(refused), std::string("hardware: the GPU failed, or has no such engine (6); gpu-hybrid: the "
                                            "library has no code for this GPU (7)"));
  CHECK_EQ(std::string(backend_name(handle->backend())), std::string("hybrid"));
}

TEST(a_library_that_does_not_know_the_flag_is_asked_without) {
  FakeNvjpeg fake;
  fake.switches.refuses_flags = 1;
  fake.switches.engines = 7;
  fake.apply();
  const auto handle = FakeNvjpeg::handle();
  CHECK(handle != nullptr);
  CHECK(handle->backend() == NvjpegBackend::Hardware);
  CHECK_EQ(handle->engines(), 7U);
  CHECK_EQ(fake.counts().last_flags, 0U);
}

TEST(engines_are_those_of_the_hardware_backend_only) {
  FakeNvjpeg fake;
  fake.switches.create_status[3] = 6;
  fake.switches.engines = 7;
  fake.apply();
  CHECK_EQ(FakeNvjpeg::handle()->engines(), 0U);
}

TEST(a_state_that_cannot_be_made_has_its_code) {
  FakeNvjpeg fake;
  const auto handle = FakeNvjpeg::handle();
  fake.switches.state_status = NvjpegApi::kAllocatorFailure;
  fake.apply();
  CHECK_THROWS(OUT_OF_MEMORY, NvjpegState{handle});
  fake.switches.state_status = NvjpegApi::kExecutionFailed;
  fake.apply();
  CHECK_THROWS(DEVICE_UNAVAILABLE, NvjpegState{handle});
  CHECK_EQ(fake.counts().live, 1);  // the handle
}

TEST(every_status_has_a_text_and_some_are_a_refusal) {
  for (int status = 0; status <= 10; ++status) {
    CHECK(std::string(nvjpeg_status_text(status)).find('(' + std::to_string(status) + ')') != std::string::npos);
    CHECK_EQ(is_refusal(status), status == 3 || status == 4 || status == 9 || status == 10);
  }
  CHECK_EQ(std::string(nvjpeg_status_text(99)), std::string("a status that is not known"));
}

TEST(a_handle_that_outlives_the_program_is_left_alone) {
  FakeNvjpeg fake;
  // The fake library ends the process with a status of its own where it is called after its end. That this is seen:
  CHECK_EQ(status_of([] {
             const auto library = FakeNvjpeg::open();
             CHECK_EQ(library->api().create(3, nullptr, nullptr, 0, &late.handle), 0);
             late.destroy = library->api().destroy;
           }),
           kFakeNvjpegCalledAfterEnd);
  CHECK_EQ(status_of([] { kept_too_long = FakeNvjpeg::handle(); }), 0);
  CHECK(!process_is_ending());
}

TEST_MAIN
