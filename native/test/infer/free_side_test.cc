// The name of the free first side, from the bytes of a graph; whatever the bytes are, nothing but a name comes back.
#include "infer/free_side.h"

#include <random>
#include <string>

#include "test/check.h"
#include "test/support/models.h"

using microtome::infer::free_first_side;
namespace models = microtome::test::models;

namespace {

std::string side_of(const std::string& model) { return free_first_side(std::as_bytes(std::span(model))); }

}  // namespace

TEST(the_name_of_the_first_side_is_found) {
  CHECK_EQ(side_of(models::channel_means("n", 8)), std::string("n"));
  CHECK_EQ(side_of(models::channel_means("batch_size", "s")), std::string("batch_size"));
}

TEST(there_is_none_where_it_is_fixed_or_there_are_several_inputs) {
  CHECK_EQ(side_of(models::channel_means(4, 8)), std::string());
  CHECK_EQ(side_of(models::two_inputs()), std::string());
  CHECK_EQ(side_of(""), std::string());
}

TEST(every_cut_and_every_changed_byte_is_survived) {
  const std::string model = models::channel_means("n", 8);
  for (std::size_t length = 0; length < model.size(); ++length)
    CHECK(side_of(model.substr(0, length)).size() <= model.size());
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string changed = model;
    for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    CHECK(side_of(changed).size() <= model.size());
  }
}

TEST_MAIN
