# Puts the PTX of the kernels into the library as bytes, with a NUL behind them: a list of numbers that every compiler
# takes, the one of the packed binary too. The list is made anew whenever the PTX changes.
function(microtome_embed_ptx target ptx)
  get_filename_component(name ${ptx} NAME_WE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ptx})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/generated)
  file(READ ${ptx} digits HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\n" lines "${digits}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${lines}")
  file(CONFIGURE OUTPUT ${folder}/gpu/${name}_ptx.inc CONTENT "${bytes}\n0x00\n" @ONLY)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
