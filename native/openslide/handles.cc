#include "openslide/handles.h"

#include <algorithm>
#include <utility>

namespace microtome::openslide {
namespace {

// A slide that cannot be opened again so many times in a row is not tried any more.
constexpr int kMostFailures = 3;
constexpr std::size_t kMostText = 300;

// A text of another library, made from a stranger's file, in one line of a message.
std::string one_line(const char* text) {
  std::string line(text);
  if (line.size() > kMostText) line.resize(kMostText);
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 127; }, ' ');
  return line;
}

// OpenSlide tells by words alone what is wrong, and names the file among them. Where no word is known the file is taken
// for damaged.
struct Words {
  const char* part;
  Code code;
};
constexpr Words kKnownWords[] = {
    {"No such file", Code::SLIDE_INCOMPLETE},
    {"Unsupported transfer syntax", Code::UNSUPPORTED_COMPRESSION},
    {"Unsupported TIFF compression", Code::UNSUPPORTED_COMPRESSION},
    {"Unsupported photometric", Code::UNSUPPORTED_PIXELS},
    // Grey DICOM slides have no such attribute, and OpenSlide wants it.
    {"Couldn't read PlanarConfiguration", Code::UNSUPPORTED_PIXELS},
    {"SamplesPerPixel value", Code::UNSUPPORTED_PIXELS},
    {"BitsAllocated value", Code::UNSUPPORTED_PIXELS},
    {"BitsStored value", Code::UNSUPPORTED_PIXELS},
};

Error cannot_open(const std::string& text, const std::string& path) {
  const std::string found = "OpenSlide cannot open the slide: " + text;
  for (const auto& [part, code] : kKnownWords) {
    if (text.find(part) == std::string::npos) continue;
    if (code == Code::SLIDE_INCOMPLETE) return Error(code, Stage::Slide, found).with_path(path);
    return Error(code, Stage::Slide, found, "convert the slide, or install a newer OpenSlide").with_path(path);
  }
  return Error(Code::NOT_A_SLIDE, Stage::Slide, found, "check that all files of the slide are there and whole")
      .with_path(path);
}

}  // namespace

std::optional<std::string> Handle::error() const {
  const char* const text = api_.error(osr_);
  return text == nullptr ? std::nullopt : std::optional(one_line(text));
}

Handles::Handles(const Api& api, std::string path, std::size_t cache_bytes)
    : api_(api), path_(std::move(path)), cache_(api.create_cache(cache_bytes)), current_(nullptr) {
  try {
    current_ = open();
  } catch (...) {
    if (cache_ != nullptr) api_.release_cache(cache_);
    throw;
  }
}

Handles::~Handles() {
  current_.reset();
  if (cache_ != nullptr) api_.release_cache(cache_);
}

std::shared_ptr<const Handle> Handles::open() const {
  Api::Osr* const osr = api_.open(path_.c_str());
  if (osr == nullptr) throw cannot_open("it knows no format like this", path_);
  auto handle = std::make_shared<const Handle>(api_, osr);
  if (const auto text = handle->error()) throw cannot_open(*text, path_);
  if (cache_ != nullptr) api_.set_cache(osr, cache_);
  if (check_) check_(*handle);
  return handle;
}

std::shared_ptr<const Handle> Handles::reopen() {
  if (failures_ >= kMostFailures) throw Error(*failure_);
  try {
    auto handle = open();
    failures_ = 0;
    return handle;
  } catch (const Error& error) {
    ++failures_;
    if (error.code() == Code::SLIDE_CHANGED) throw;
    failure_ = Error(Code::FILE_UNREADABLE, Stage::Slide,
                     "the slide was open and cannot be opened again (" + std::to_string(failures_) +
                         " times in a row): " + error.found())
                   .with_path(path_);
    throw Error(*failure_);
  }
}

// The shared handle. One that has failed is replaced before it is given away.
std::shared_ptr<const Handle> Handles::current() {
  {
    std::scoped_lock lock(mutex_);
    if (!current_->error()) return current_;
  }
  std::scoped_lock again(again_mutex_);
  {
    std::scoped_lock lock(mutex_);
    if (!current_->error()) return current_;
  }
  auto fresh = reopen();
  std::scoped_lock lock(mutex_);
  current_ = std::move(fresh);
  return current_;
}

std::optional<std::string> Handles::try_read(const Read& read) {
  {
    const auto shared = current();
    read(shared->get());
    if (!shared->error()) return std::nullopt;
  }
  std::scoped_lock again(again_mutex_);
  auto own = reopen();
  read(own->get());
  if (auto error = own->error()) return error;
  std::scoped_lock lock(mutex_);
  if (current_->error()) current_ = std::move(own);
  return std::nullopt;
}

}  // namespace microtome::openslide
