// What the stand-in shares between its files: the real runtime, the state of the test, and objects of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "infer/ort_api.h"
#include "test/fake/onnxruntime/fake_onnxruntime.h"

namespace microtome::test::fake {

namespace ort = infer::ort;

inline FakeOnnxRuntime& state() { return *microtome_fake_onnxruntime(); }

// The real runtime's table.
const ort::Api& real();

// Where this library was opened from.
std::string own_path();

ort::Status* failed(ort::ErrorCode code, const std::string& text);
// nullptr where `text` is empty.
inline ort::Status* failed_if(const std::string& text) {
  return text.empty() ? nullptr : failed(ort::ErrorCode::Fail, text);
}

// Puts a function into the table.
using Table = std::vector<void*>;
template <typename Function, typename Ours>
void put(Table& table, const ort::Slot<Function>& slot, Ours* ours) {
  Function* checked = ours;
  table[slot.number] = reinterpret_cast<void*>(checked);
}

// A session's providers and their stream.
struct Providers {
  std::vector<std::string> names;  // in the order in which they were appended
  void* stream = nullptr;
  bool cpu_is_refused = false;
};
// Of a session that has any; nullptr: it is the real runtime's alone.
std::shared_ptr<Providers> providers_of(const ort::Session* session);

void put_providers(Table& table);
void put_runs(Table& table);

}  // namespace microtome::test::fake
