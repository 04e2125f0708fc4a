#include "engine/device_runner.h"

#include <algorithm>
#include <utility>

#include "engine/device_rows.h"
#include "engine/output_columns.h"
#include "infer/typed_values.h"

namespace microtome::engine {
namespace {

// Pieces on the device at once: one runs, one is copied, one is read.
constexpr int kSlots = 3;
constexpr std::size_t kMostPlans = 4;

class PinnedMemory final : public BatchMemory {
 public:
  PinnedMemory(const std::shared_ptr<const gpu::Context>& context, std::size_t bytes) : buffer_(context, bytes) {}
  [[nodiscard]] std::uint8_t* data() noexcept override { return buffer_.data(); }
  [[nodiscard]] std::size_t size() const noexcept override { return buffer_.size(); }

 private:
  gpu::PinnedBuffer buffer_;
};

bool is_code(const std::exception_ptr& failure, Code code) noexcept {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    return error.code() == code;
  } catch (...) {
    return false;
  }
}

}  // namespace

DeviceRunner::Slot::Slot(const std::shared_ptr<const gpu::Context>& context)
    : copied(context), begun(context, gpu::Event::Timing::On), done(context, gpu::Event::Timing::On) {}

DeviceRunner::DeviceRunner(std::shared_ptr<const gpu::Context> context, LoadDeviceGraph load, const Options& options)
    : context_(std::move(context)),
      load_(std::move(load)),
      in_(context_),
      work_(context_),
      kernels_(context_),
      batch_bytes_(options.batch_bytes),
      rows_(options.rows > 0 ? options.rows : usual_rows(context_->device())) {
  for (int i = 0; i < kSlots; ++i) slots_.push_back(std::make_unique<Slot>(context_));
  CancelToken never;
  load_and_try(options.rows == 0, options.cancel != nullptr ? *options.cancel : never);
  inputs_ = graph_->inputs();
  outputs_ = graph_->outputs();
  report_ = graph_->report();
  notes_ = report_.left_out;  // options that this runtime does not know
  feeder_ = std::thread([this] { feed(); });
  try {
    collector_ = std::thread([this] { collect(); });
  } catch (...) {
    {
      const std::scoped_lock lock(mutex_);
      is_ending_ = true;
      changed_.notify_all();
    }
    feeder_.join();
    throw;
  }
}

DeviceRunner::~DeviceRunner() {
  ending_.cancel();
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
  }
  feeder_.join();
  collector_.join();
  try {
    const auto scope = context_->enter();
    plans_.clear();
    graph_.reset();
    for (const auto& slot : slots_) slot->coded.reset();
  } catch (const Error&) {
    // The context is gone: the members go without it.
  }
}

std::int64_t DeviceRunner::columns_of(const std::string& output) const noexcept {
  return declared_columns(outputs_, output);
}

std::int64_t DeviceRunner::token_columns_of(const std::string& output) const {
  if (const auto declared = declared_token_columns(outputs_, output)) return *declared;
  const std::scoped_lock lock(mutex_);
  const auto found = token_columns_.find(output);
  return found == token_columns_.end() ? 0 : found->second;
}

std::unique_ptr<BatchMemory> DeviceRunner::make_memory(std::size_t bytes) {
  return std::make_unique<PinnedMemory>(context_, bytes);
}

std::int64_t DeviceRunner::rows_of_a_batch(std::int64_t /*wanted*/, std::size_t row_bytes) const noexcept {
  return is_fixed_ ? rows() : std::min(rows(), rows_of_batch_bytes(row_bytes, batch_bytes_));
}

void DeviceRunner::stop() noexcept { ending_.cancel(); }

void DeviceRunner::submit(Batch& batch, CancelToken& /*cancel*/, Done done) noexcept {
  std::list<Waiting> waiting;
  try {
    waiting.emplace_back().end.emplace_back();
  } catch (...) {
    batch.failure = std::current_exception();
    return done();
  }
  waiting.front().batch = &batch;
  waiting.front().done = std::move(done);
  const std::scoped_lock lock(mutex_);
  waiting_.splice(waiting_.end(), waiting);
  changed_.notify_all();
}

// [feed]

void DeviceRunner::feed() noexcept {
  for (;;) {
    Waiting next;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
      if (waiting_.empty()) {
        is_fed_ = true;
        changed_.notify_all();
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    feed_batch(std::move(next));
  }
}

void DeviceRunner::feed_batch(Waiting waiting) noexcept {
  Batch& batch = *waiting.batch;
  std::exception_ptr failure;
  try {
    {
      const std::scoped_lock lock(mutex_);
      if (loss_) std::rethrow_exception(loss_);
    }
    ending_.check(Stage::Infer);
    const auto scope = context_->enter();
    feed_pieces(batch, waiting.done);
  } catch (...) {
    failure = std::current_exception();
  }
  // Not in the handler, which holds the exception until it ends: whoever reads it frees it.
  if (!failure) return;
  settle();
  // What never ran is made anew for the next batch.
  std::erase_if(plans_, [](const auto& plan) { return !plan->is_bound(); });
  Running& end = waiting.end.front();
  end.batch = &batch;
  end.failure = std::move(failure);
  end.done = std::move(waiting.done);
  hand_over(std::move(waiting.end));
}

// Moves `done` into the last piece.
void DeviceRunner::feed_pieces(Batch& batch, Done& done) {
  batch.outputs.assign(batch.spec->outputs.size(), {});
  batch.notes.insert(batch.notes.end(), notes_.begin(), notes_.end());
  const std::int64_t wanted = std::max<std::int64_t>(batch.used, 1);
  if (const std::int64_t most = rows_of_a_batch(wanted, batch.spec->row_bytes()); most < rows_) {
    shrink(most);
    if (const std::int64_t fixed = fixed_rows(graph_->inputs()); fixed > 0 && fixed != rows_) {
      rows_ = fixed;
      is_fixed_ = true;
    }
  }
  for (std::int64_t first = 0; first < wanted;) {
    const std::int64_t rows = std::min<std::int64_t>(rows_, wanted - first);
    Pieces node(1);
    Running& piece = node.front();
    piece.batch = &batch;
    piece.rows = rows;
    piece.slot = take_slot();
    try {
      feed_piece(batch, first, rows, piece);
    } catch (...) {
      give_back(std::move(piece.slot));
      if (!is_code(std::current_exception(), Code::OUT_OF_MEMORY)) throw;
      halve(batch);
      continue;
    }
    first += rows;
    if (first >= wanted) piece.done = std::move(done);
    hand_over(std::move(node));
  }
}

void DeviceRunner::feed_piece(Batch& batch, std::int64_t first, std::int64_t rows, Running& piece) {
  Slot& slot = *piece.slot;
  DevicePlan& plan = plan_for(batch.spec);
  const bool is_coded = batch.spec->rows == RowKind::Coded;
  const auto make_launch = is_coded ? bring_coded(batch, first, rows, slot) : bring(batch, first, rows, slot);
  in_.record(slot.copied);
  work_.wait_for(slot.copied);
  work_.record(slot.begun);
  plan.run(kernels_, make_launch, rows, slot.outputs, ending_);
  work_.record(slot.done);
  piece.outputs = plan.outputs();
}

// Puts the rows on the copy stream; what comes back is launched behind it.
DevicePlan::MakeLaunch DeviceRunner::bring(Batch& batch, std::int64_t first, std::int64_t rows, Slot& slot) {
  const std::size_t row_bytes = batch.spec->row_bytes();
  const std::size_t room = static_cast<std::size_t>(rows_) * row_bytes;
  if (slot.pixels.size() < room) slot.pixels = gpu::DeviceBuffer(context_, room);
  in_.copy_to_device(slot.pixels.address(), batch.row(first), static_cast<std::size_t>(rows) * row_bytes);
  return
      [pixels = slot.pixels.address(), rows](const gpu::TensorTarget& to) { return pixels_launch(pixels, rows, to); };
}

DevicePlan::MakeLaunch DeviceRunner::bring_coded(Batch& batch, std::int64_t first, std::int64_t rows, Slot& slot) {
  if (!slot.coded) slot.coded = std::make_unique<CodedInput>(context_, decode_.nvjpeg);
  batch.decodes.resize(static_cast<std::size_t>(batch.rows), RowDecode::Cpu);
  const auto bad = [&](std::int64_t row, const std::string& why) {
    for (const Segment& segment : batch.segments) {
      const std::int64_t at = first + row - segment.first_row;
      if (at >= 0 && at < segment.positions.size()) segment.owner->bad_row(segment.positions.first + at, why);
    }
  };
  const auto decodes =
      std::span(batch.decodes).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
  const std::string failure =
      slot.coded->bring(batch.row(first), decodes, CodedRows(batch.spec->format.size_px), in_, bad);
  if (!failure.empty() && decode_.trial) decode_.trial->give_up(failure);
  return [&coded = *slot.coded](const gpu::TensorTarget& to) { return coded.launch(to); };
}

// The plans are in the order in which they were used last.
DevicePlan& DeviceRunner::plan_for(const std::shared_ptr<const RunSpec>& spec) {
  const auto known = std::ranges::find_if(plans_, [&](const auto& plan) { return plan->spec() == *spec; });
  if (known != plans_.end()) {
    std::rotate(known, std::next(known), plans_.end());
    return *plans_.back();
  }
  if (plans_.size() >= kMostPlans) {
    wait_for_pieces();
    plans_.erase(plans_.begin());
  }
  if (!graph_) load_graph(ending_);
  plans_.push_back(std::make_unique<DevicePlan>(work_, graph_, spec, rows_));
  return *plans_.back();
}

std::unique_ptr<DeviceRunner::Slot> DeviceRunner::take_slot() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !slots_.empty(); });
  auto slot = std::move(slots_.back());
  slots_.pop_back();
  return slot;
}

void DeviceRunner::give_back(std::unique_ptr<Slot> slot) {
  const std::scoped_lock lock(mutex_);
  slots_.push_back(std::move(slot));
  changed_.notify_all();
}

void DeviceRunner::wait_for_pieces() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_out_ == 0; });
}

// Nothing may still use the memory of a batch that has failed.
void DeviceRunner::settle() noexcept {
  try {
    in_.synchronize();
    work_.synchronize();
  } catch (...) {
    // A device that is lost uses nothing any more.
  }
}

void DeviceRunner::hand_over(Pieces&& piece) noexcept {
  const std::scoped_lock lock(mutex_);
  ++pieces_out_;
  running_.splice(running_.end(), piece);
  changed_.notify_all();
}

// [collect]

void DeviceRunner::collect() noexcept {
  for (;;) {
    Running piece;
    {
      std::unique_lock lock(mutex_);
      // The feeder waits for slots of ours: it ends first.
      changed_.wait(lock, [this] { return !running_.empty() || is_fed_; });
      if (running_.empty()) return;
      piece = std::move(running_.front());
      running_.pop_front();
    }
    if (!piece.failure) {
      try {
        collect_piece(piece);
      } catch (...) {
        piece.failure = std::current_exception();
      }
    }
    if (piece.failure && !piece.batch->failure) piece.batch->failure = piece.failure;
    if (piece.failure && note_loss(piece.failure)) is_lost_.store(true, std::memory_order_release);
    piece.failure = nullptr;  // the batch has it: its owner reads it, and frees it
    {
      const std::scoped_lock lock(mutex_);
      if (piece.slot) slots_.push_back(std::move(piece.slot));
      --pieces_out_;
      changed_.notify_all();
    }
    if (piece.done) piece.done();
  }
}

// True: from now on every batch fails with it. What a run lacks on this device the next run lacks too.
bool DeviceRunner::note_loss(const std::exception_ptr& failure) noexcept {
  if (!is_code(failure, Code::DEVICE_LOST) && !is_code(failure, Code::DEVICE_UNAVAILABLE)) return false;
  const std::scoped_lock lock(mutex_);
  if (!loss_) loss_ = failure;
  return true;
}

void DeviceRunner::collect_piece(Running& piece) {
  const Slot& slot = *piece.slot;
  slot.done.wait();
  Batch& batch = *piece.batch;
  batch.device_ns += static_cast<std::int64_t>(slot.done.milliseconds_since(slot.begun) * 1e6);
  learn(batch, piece.outputs);
  for (std::size_t i = 0; i < piece.outputs.size(); ++i) {
    const DeviceRows& output = piece.outputs[i];
    infer::append_as_double(output.type, slot.outputs[i].data(), static_cast<std::size_t>(piece.rows * output.columns),
                            batch.outputs[i]);
    // Rows that nobody asked for have values too, so that each row is as long as the others.
    if (piece.done) batch.outputs[i].resize(static_cast<std::size_t>(batch.rows * output.columns));
  }
  if (piece.done) note_decode(batch);
}

// When the batch is through.
void DeviceRunner::note_decode(Batch& batch) {
  if (!decode_.trial || batch.spec->rows != RowKind::Coded) return;
  const auto by_device = std::count(batch.decodes.begin(), batch.decodes.end(), RowDecode::Device);
  decode_.trial->batch_done(batch.used, by_device, Clock::now());
  // Each text is told once for a slide; the speeds of a trial under way would be another text each time.
  if (const auto report = decode_.trial->report(); report.is_decided)
    batch.notes.push_back(report.text());
  else if (by_device > 0)
    batch.notes.emplace_back("JPEG tiles were decoded by nvJPEG and by the CPU in turns, to find out which is faster");
}

// What no declaration says, the first run tells.
void DeviceRunner::learn(const Batch& batch, const std::vector<DeviceRows>& outputs) {
  const std::scoped_lock lock(mutex_);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    token_columns_.emplace(batch.spec->outputs[i], outputs[i].token_columns);
}

}  // namespace microtome::engine
