#include "engine/device_group.h"

#include <algorithm>
#include <utility>

namespace microtome::engine {

DeviceGroup::DeviceGroup(std::vector<std::unique_ptr<DeviceRunner>> members)
    : under_way_(members.size(), 0), members_(std::move(members)) {}

Runner::Traits DeviceGroup::traits() const noexcept {
  Traits traits = members_.front()->traits();
  const auto alive = std::ranges::count_if(members_, [](const auto& member) { return !member->is_lost(); });
  traits.in_flight *= std::max(static_cast<int>(alive), 1);
  return traits;
}

std::int64_t DeviceGroup::rows_of_a_batch(std::int64_t /*wanted*/) const noexcept {
  std::int64_t rows = 0;
  for (const auto& member : members_)
    if (!member->is_lost()) rows = rows == 0 ? member->rows() : std::min(rows, member->rows());
  return rows == 0 ? members_.front()->rows() : rows;
}

std::int64_t DeviceGroup::columns_of(const std::string& output) const noexcept {
  return members_.front()->columns_of(output);
}

std::int64_t DeviceGroup::token_columns_of(const std::string& output) const {
  for (const auto& member : members_)
    if (const std::int64_t columns = member->token_columns_of(output); columns > 0) return columns;
  return 0;
}

// One may be lost, and nobody has noticed yet: the next one is asked then.
std::unique_ptr<BatchMemory> DeviceGroup::make_memory(std::size_t bytes) {
  for (const auto& member : members_) {
    if (member->is_lost()) continue;
    try {
      return member->make_memory(bytes);
    } catch (const Error& error) {
      if (error.code() != Code::DEVICE_LOST) throw;
    }
  }
  return members_.back()->make_memory(bytes);
}

// With the mutex held. One that is lost only where all are: it says so.
std::size_t DeviceGroup::least_busy() {
  std::size_t best = turn_ % members_.size();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::size_t one = (turn_ + i) % members_.size();
    if (members_[one]->is_lost()) continue;
    if (members_[best]->is_lost() || under_way_[one] < under_way_[best]) best = one;
  }
  ++turn_;
  return best;
}

void DeviceGroup::submit(Batch& batch, CancelToken& cancel, Done done) noexcept {
  std::size_t member = 0;
  {
    const std::scoped_lock lock(mutex_);
    member = least_busy();
    ++under_way_[member];
  }
  submit_to(member, batch, cancel, std::move(done));
}

void DeviceGroup::submit_to(std::size_t member, Batch& batch, CancelToken& cancel, Done done) noexcept {
  members_[member]->submit(batch, cancel, [this, member, &batch, &cancel, done = std::move(done)] {
    came_back(member, batch, cancel, done);
  });
}

// On the thread of the member. It is lost for good, so that a batch is given to each at most once.
void DeviceGroup::came_back(std::size_t member, Batch& batch, CancelToken& cancel, Done done) noexcept {
  std::size_t next = member;
  {
    const std::scoped_lock lock(mutex_);
    --under_way_[member];
    if (batch.failure && members_[member]->is_lost()) next = least_busy();
    if (members_[next]->is_lost()) next = member;
    if (next != member) ++under_way_[next];
  }
  if (next == member) return done();
  batch.failure = nullptr;
  batch.device_ns = 0;
  batch.notes.push_back(members_[member]->context().label() + " was lost: its tiles went to " +
                        members_[next]->context().label());
  submit_to(next, batch, cancel, std::move(done));
}

}  // namespace microtome::engine
