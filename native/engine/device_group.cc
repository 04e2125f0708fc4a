#include "engine/device_group.h"

#include <algorithm>
#include <string>
#include <utility>

namespace microtome::engine {
namespace {

std::string fate_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code() == Code::DEVICE_LOST ? " was lost" : " could not be used (" + error.found() + ")";
  }
}

}  // namespace

DeviceGroup::DeviceGroup(std::vector<std::unique_ptr<DeviceRunner>> members)
    : under_way_(members.size(), 0), members_(std::move(members)) {}

Runner::Traits DeviceGroup::traits() const noexcept {
  Traits traits = members_.front()->traits();
  const auto alive = std::ranges::count_if(members_, [](const auto& member) { return !member->is_lost(); });
  traits.in_flight *= std::max(static_cast<int>(alive), 1);
  return traits;
}

std::int64_t DeviceGroup::rows_of_a_batch(std::int64_t wanted, std::size_t row_bytes) const noexcept {
  std::int64_t rows = 0;
  for (const auto& member : members_) {
    if (member->is_lost()) continue;
    const std::int64_t of_member = member->rows_of_a_batch(wanted, row_bytes);
    rows = rows == 0 ? of_member : std::min(rows, of_member);
  }
  return rows == 0 ? members_.front()->rows_of_a_batch(wanted, row_bytes) : rows;
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

void DeviceGroup::stop() noexcept {
  for (const auto& member : members_) member->stop();
}

void DeviceGroup::submit(Batch& batch, CancelToken& cancel, Done done) noexcept {
  std::size_t member = 0;
  {
    const std::scoped_lock lock(mutex_);
    member = least_busy();
    ++under_way_[member];
  }
  submit_to(member, batch, cancel, done);
}

void DeviceGroup::submit_to(std::size_t member, Batch& batch, CancelToken& cancel, const Done& done) noexcept {
  Done back;
  try {
    back = [this, member, &batch, &cancel, done] { came_back(member, batch, cancel, done); };
  } catch (...) {
    {
      const std::scoped_lock lock(mutex_);
      --under_way_[member];
    }
    batch.failure = std::current_exception();
    return done();
  }
  members_[member]->submit(batch, cancel, std::move(back));
}

// On the thread of the member. It is lost for good, so that a batch is given to each at most once.
void DeviceGroup::came_back(std::size_t member, Batch& batch, CancelToken& cancel, const Done& done) noexcept {
  std::size_t next = member;
  {
    const std::scoped_lock lock(mutex_);
    --under_way_[member];
    if (batch.failure && members_[member]->is_lost()) next = least_busy();
    if (members_[next]->is_lost()) next = member;
    if (next != member) ++under_way_[next];
  }
  if (next == member) return done();
  try {
    batch.notes.push_back(members_[member]->context().label() + fate_of(batch.failure) + ": its tiles went to " +
                          members_[next]->context().label());
    batch.failure = nullptr;
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    --under_way_[next];
    next = member;
  }
  if (next == member) return done();
  batch.device_ns = 0;
  submit_to(next, batch, cancel, done);
}

}  // namespace microtome::engine
