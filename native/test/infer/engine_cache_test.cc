// Each part of an engine's key has a folder of its own, which nobody else can write to.
#include "infer/engine_cache.h"

#include <filesystem>
#include <set>

#include "test/check.h"
#include "test/support/models.h"

using namespace microtome::infer;
namespace fs = std::filesystem;

namespace {

EngineKey key() { return {"GPU, 9.0, 580", "10.3.0", "1.29.0", {"aa", "bb"}, false, 16}; }

}  // namespace

TEST(a_key_has_one_name_and_every_change_another) {
  std::set<std::string> names{engine_folder_name(key())};
  CHECK_EQ(engine_folder_name(key()), *names.begin());
  const auto differs = [&](auto change) {
    EngineKey other = key();
    change(other);
    CHECK(names.insert(engine_folder_name(other)).second);
  };
  differs([](EngineKey& one) { one.device = "GPU, 8.0, 580"; });
  differs([](EngineKey& one) { one.tensorrt_version = "10.4.0"; });
  differs([](EngineKey& one) { one.runtime_version = "1.30.0"; });
  differs([](EngineKey& one) { one.model_sha256 = {"aab", "b"}; });
  differs([](EngineKey& one) { one.model_sha256 = {"aa"}; });
  differs([](EngineKey& one) { one.fp16 = true; });
  differs([](EngineKey& one) { one.rows = 8; });
}

TEST(the_folder_is_made_for_its_user_alone) {
  const microtome::test::TemporaryFolder cache;
  const std::string folder = make_engine_folder(cache.path() + "/a/b", key());
  CHECK_EQ(folder, cache.path() + "/a/b/" + engine_folder_name(key()));
  CHECK((fs::status(folder).permissions() & fs::perms::mask) == fs::perms::owner_all);
  CHECK_EQ(make_engine_folder(cache.path() + "/a/b", key()), folder);
  CHECK_EQ(make_engine_folder("/proc/none", key()), std::string());
}

TEST(a_link_or_a_file_in_its_place_is_not_used) {
  const microtome::test::TemporaryFolder cache;
  const fs::path elsewhere = cache.path() + "/elsewhere";
  fs::create_directory(elsewhere);
  fs::permissions(elsewhere, fs::perms::owner_read | fs::perms::owner_exec);
  fs::create_directory_symlink(elsewhere, cache.path() + "/" + engine_folder_name(key()));
  CHECK_EQ(make_engine_folder(cache.path(), key()), std::string());
  CHECK((fs::status(elsewhere).permissions() & fs::perms::owner_write) == fs::perms::none);
  EngineKey other = key();
  other.rows = 8;
  (void)cache.write(engine_folder_name(other), "a file");
  CHECK_EQ(make_engine_folder(cache.path(), other), std::string());
}

TEST_MAIN
