#include "slide/dialects/dialect.h"
#include "slide/driver.h"

namespace microtome::slide {

#define MICROTOME_DIALECT(name) const TiffDialect& name##_dialect();
#include "slide/dialects/dialects.def"
#undef MICROTOME_DIALECT

const std::vector<const TiffDialect*>& tiff_dialects() {
  static const std::vector<const TiffDialect*> all = {
#define MICROTOME_DIALECT(name) &name##_dialect(),
#include "slide/dialects/dialects.def"
#undef MICROTOME_DIALECT
  };
  return all;
}

}  // namespace microtome::slide
