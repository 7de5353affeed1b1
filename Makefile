# clickbaton. `make demo` shows the main job, `make test` runs every test; the rest is below.
VERSION := 0.1.0
CC      ?= cc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g
SAN     ?=

ALL_C := -std=c11 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
         -Wmissing-prototypes -Wwrite-strings -Wvla -Wcast-qual -fno-strict-overflow -I. \
         -DCLICKBATON_VERSION='"$(VERSION)"'
SAN_F := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
LIBS  := -lmicrohttpd -lsqlite3 -lcurl -lcjson -lyaml -lcrypto -lpthread

SRC      := $(sort $(shell find core adapters cli -name '*.c'))
EMBED    := $(sort $(wildcard mappings/*.yaml web/*.js))
OBJ      := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/embed.o
LIB_OBJ  := $(filter-out $(BUILD)/cli/main.o,$(OBJ))
SUPPORT  := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
UNIT     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
BENCH    := $(patsubst bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard bench/*.c)))

.PHONY: all demo test check unit e2e asan tsan valgrind bench fuzz soak install uninstall deps clean dist
.SECONDARY:

all: | need-build
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton

# What is missing is named and installed before anything is compiled.
need-%:
	@CC="$(CC)" tools/deps.sh $*
deps: need-test

$(BUILD)/clickbaton: $(OBJ)
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libclickbaton.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_C) $(CPPFLAGS) $(CFLAGS) $(SAN_F) -MMD -MP -c -o $@ $<

$(BUILD)/embed.S: $(EMBED) tools/embed.sh
	@mkdir -p $(@D)
	@tools/embed.sh $(EMBED) > $@
$(BUILD)/embed.o: $(BUILD)/embed.S
	@$(CC) -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT) $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(LDFLAGS) -o $@ $^ $(LIBS)

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
