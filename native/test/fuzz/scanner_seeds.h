// Small TIFFs of Leica, Ventana and Trestle.
#pragma once

#include "test/fuzz/coded_seeds.h"
#include "test/fuzz/fuzz_support.h"
#include "test/support/scanner_tiffs.h"

namespace microtome::fuzz {

inline void keep_scanner_tiffs(const Keep& keep) {
  using namespace test;
  keep("scn", usual_scn().bytes());
  ScnImage second = scn_main(3);
  second.left_nm = 15'100;
  second.dimensions.push_back({48, 32, 0, 1, 0});
  keep("scn-two", scn_file(scn_xml(25'000, 20'000, {scn_main(1), second}, "<supplementalImage type='label' ifd='5'/>"),
                           {placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2),
                            placed_page(48, 32, 3), placed_page(24, 16, 4), placed_page(16, 16, 5)})
                      .bytes());
  keep("scn-macro-only", scn_file(scn_xml(25'000, 20'000, {scn_macro(0)}), {placed_page(25, 20, 0)}).bytes());
  keep("scn-no-images", scn_file(scn_xml(25'000, 20'000, {}), {placed_page(48, 32, 0)}).bytes());
  keep("bif", bif_file(plain_bif_tiles()).bytes());
  keep("bif-exported", bif_file("").bytes());
  keep("bif-overlaps", bif_file(bif_tiles_xml({{.columns = 6, .rows = 3, .joints = bif_joint("2", "0")}})).bytes());
  keep("trestle", trestle_file(" 0 0").bytes());
}

}  // namespace microtome::fuzz
