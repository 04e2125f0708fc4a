#include "addon/bytes_binding.h"

#include <cmath>
#include <string>
#include <utility>

#include "addon/error_bridge.h"

namespace microtome::addon {
namespace {

// Marks objects of this class, so that a foreign object is refused instead of being misread.
constexpr napi_type_tag kBytesTag{0x5b0e6c1d8f2947a3, 0x91c4e07a2d5f8b66};

constexpr std::size_t kMaxBytes = std::size_t{1} << 32;

[[noreturn]] void refuse(const std::string& found) { throw Error(Code::INVALID_OPTION, Stage::Options, found); }

std::shared_ptr<SharedBytes> make_bytes(const Napi::CallbackInfo& info) {
  const double size = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(size >= 0 && size <= static_cast<double>(kMaxBytes)) || size != std::floor(size))
    refuse("expected a number of bytes");
  return std::make_shared<SharedBytes>(static_cast<std::size_t>(size));
}

std::span<const std::byte> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    refuse("expected a Uint8Array to append");
  const auto array = value.As<Napi::Uint8Array>();
  return std::as_bytes(std::span<const std::uint8_t>(array.Data(), array.ElementLength()));
}

}  // namespace

Napi::Function BytesBinding::define(Napi::Env env) {
  return DefineClass(env, "NativeBytes", {InstanceMethod<&BytesBinding::append>("append")});
}

BytesBinding::BytesBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BytesBinding>(info), environment_(Environment::of(info.Env())) {
  try {
    bytes_ = make_bytes(info);
  } catch (...) {
    throw addon::to_js(info.Env(), std::current_exception());
  }
  info.This().As<Napi::Object>().TypeTag(&kBytesTag);
}

// Collected without being handed over: giving hundreds of megabytes back takes long enough for another thread.
BytesBinding::~BytesBinding() {
  if (bytes_) environment_->service().post([bytes = std::move(bytes_)](decode::TileDecoder&) {});
}

std::shared_ptr<const SharedBytes> BytesBinding::take(const Napi::Value& value, const char* name) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kBytesTag))
    refuse(std::string("expected bytes of the addon for ") + name);
  auto& bytes = Unwrap(value.As<Napi::Object>())->bytes_;
  if (!bytes) refuse(std::string("the bytes for ") + name + " were handed over before");
  return std::exchange(bytes, nullptr);
}

void BytesBinding::append(const Napi::CallbackInfo& info) {
  guarded(info.Env(), [&]() -> Napi::Value {
    if (!bytes_) refuse("the bytes were handed over and cannot be written");
    const auto piece = bytes_of(info[0]);
    if (piece.size() > kMaxBytes - bytes_->size())
      refuse("more than " + std::to_string(kMaxBytes) + " bytes were appended");
    bytes_->append(piece);
    return info.Env().Undefined();
  });
}

}  // namespace microtome::addon
