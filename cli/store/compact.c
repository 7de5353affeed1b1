#include "cli/store/store.h"
int store_compact(int argc, char **argv) { (void)argc; (void)argv; return EXIT_IO; }
