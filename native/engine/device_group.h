// The same graph on several GPUs: each batch goes to the one that has the fewest under way. Where one is lost, its
// batches go to the others, whose owners are told; where all are, batches fail with DEVICE_LOST.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/device_runner.h"
#include "engine/runner.h"

namespace microtome::engine {

class DeviceGroup final : public Runner {
 public:
  // At least one.
  explicit DeviceGroup(std::vector<std::unique_ptr<DeviceRunner>> members);

  [[nodiscard]] Traits traits() const noexcept override;
  // Of the one that takes the fewest: all get the same.
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t row_bytes) const noexcept override;
  [[nodiscard]] bool pads() const noexcept override { return true; }
  [[nodiscard]] std::int64_t columns_of(const std::string& output) const noexcept override;
  [[nodiscard]] std::int64_t token_columns_of(const std::string& output) const override;
  [[nodiscard]] bool wants_jpeg() const noexcept override { return members_.front()->wants_jpeg(); }
  // Pinned for all of them.
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override;
  void submit(Batch& batch, CancelToken& cancel, Done done) noexcept override;
  void stop() noexcept override;

 private:
  void submit_to(std::size_t member, Batch& batch, CancelToken& cancel, const Done& done) noexcept;
  void came_back(std::size_t member, Batch& batch, CancelToken& cancel, const Done& done) noexcept;
  [[nodiscard]] std::size_t least_busy();

  std::mutex mutex_;
  std::vector<int> under_way_;  // by member
  std::size_t turn_ = 0;        // who is asked first, so that equals take turns
  // The last: whose threads call came_back().
  std::vector<std::unique_ptr<DeviceRunner>> members_;
};

}  // namespace microtome::engine
