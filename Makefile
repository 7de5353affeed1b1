# clickbaton. `make demo` shows the main job, `make test` runs every test; the rest is below.
VERSION := 0.1.0
CC      ?= cc
BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CFLAGS  ?= -O2 -g
SAN     ?=

# Debian has libpq's header in a folder of its own; tools/deps.sh looks there, too.
PQ_C  := -I$(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
ALL_C := -std=c11 -D_XOPEN_SOURCE=700 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
         -Wmissing-prototypes -Wwrite-strings -Wvla -Wcast-qual -fno-strict-overflow -I. $(PQ_C) \
         -DCLICKBATON_VERSION='"$(VERSION)"'
SAN_F := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
# What makes a mistake that nobody has found yet harder to use.
HARD_C := $(if $(SAN),,-fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE)
HARD_L := $(if $(SAN),,-pie -Wl,-z,relro,-z,now)
LIBS  := -lpq -lmicrohttpd -lsqlite3 -lcurl -lcjson -lyaml -lcrypto -lexpat -lm -lpthread

SRC      := $(sort $(shell find core adapters cli -name '*.c'))
EMBED    := $(sort $(wildcard mappings/*.yaml cli/init/*.yaml cli/explain/texts/*.md) $(filter-out web/lander.js,$(wildcard web/*.js))) \
            $(BUILD)/web/lander.js $(addprefix $(BUILD)/web/inspector/,index.html inspector.js inspector.css)
OBJ      := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/embed.o
LIB_OBJ  := $(filter-out $(BUILD)/cli/main.o,$(OBJ))
SUPPORT  := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/support/*.c)))
UNIT     := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
BENCH    := $(patsubst bench/%.c,$(BUILD)/bench/%,$(sort $(wildcard bench/*.c)))

.PHONY: all docs schemas demo test test-postgres check structure unit e2e web web-control web-inspector web-load screenshots asan tsan valgrind other-compiler coverage fuzz sanitized \
        fault outage soak soak-crash soak-reloads soak-flat soak-sweep corrupt test-cluster test-cluster-serve alert-days bench bench-profile bench-trace bench-reconcile bench-cluster bench-days man completions install uninstall deb package sbom deps clean dist
.SECONDARY:

all: | need-build
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton

# What is missing is named and installed before anything is compiled.
need-%:
	@CC="$(CC)" tools/deps.sh $*
deps: need-test

$(BUILD)/clickbaton: $(OBJ)
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/libclickbaton.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(ALL_C) $(HARD_C) $(CPPFLAGS) $(CFLAGS) $(SAN_F) -MMD -MP -c -o $@ $<

$(BUILD)/embed.S: $(EMBED) tools/embed.sh
	@mkdir -p $(@D)
	@tools/embed.sh $(BUILD)/ $(EMBED) > $@
# Every page loads it: comments and indentation stay here.
$(BUILD)/web/lander.js: web/lander.js
	@mkdir -p $(@D)
	@sed -e '/^ *\/\//d' -e 's/^ *//' -e '/^$$/d' $< > $@
# The inspector's page: bundled by esbuild from web/inspector, with the titles of the codes.
INSPECTOR := $(addprefix web/inspector/,index.html build.mjs package.json package-lock.json) $(sort $(wildcard web/inspector/src/*)) core/base/codes.c
$(addprefix $(BUILD)/web/inspector/,index.html inspector.js inspector.css) &: $(INSPECTOR)
	@tools/deps.sh inspector
	@node web/inspector/build.mjs $(BUILD)/web/inspector
$(BUILD)/embed.o: $(BUILD)/embed.S
	@$(CC) -c -o $@ $<

# Its allocations fail when it says so.
$(BUILD)/tests/unit/test_spillway: LDFLAGS += -Wl,--wrap=malloc,--wrap=realloc
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(SUPPORT) $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)
$(BUILD)/tests/fault/outage_fill: $(BUILD)/tests/fault/outage_fill.o $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $^ $(LIBS)

# What editors check our files by, as the program prints it: after a change of the tables of keys.
SCHEMAS := offer tracker mapping chain rates models config
schemas: all
	@mkdir -p mappings/schema
	@$(BUILD)/clickbaton schema > mappings/schema/clickbaton.json
	@for s in $(SCHEMAS); do $(BUILD)/clickbaton schema $$s > mappings/schema/$$s.json || exit 1; done

# Programs of the fault tests.
$(BUILD)/fault/%: $(BUILD)/tests/fault/%.o $(BUILD)/libclickbaton.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- tests ----

# Programs as later versions might be, for upgrades of servers that run: each knows the steps of its file besides ours.
VERSIONS := $(patsubst tests/versions/%.def,$(BUILD)/versions/%,$(sort $(wildcard tests/versions/*.def)))
$(BUILD)/versions/%.o: adapters/store/pg_schema.c $(wildcard tests/versions/*.def) adapters/store/pg.h
	@mkdir -p $(@D)
	@$(CC) $(ALL_C) $(HARD_C) $(CPPFLAGS) $(CFLAGS) $(SAN_F) -DPG_STEPS_TO_COME='"tests/versions/$*.def"' -c -o $@ $<
$(BUILD)/versions/%: $(BUILD)/versions/%.o $(OBJ)
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $< $(filter-out $(BUILD)/adapters/store/pg_schema.o,$(OBJ)) $(LIBS)

# A private PostgreSQL for a command; parts of one `make test` share one.
WITH_PG := tests/support/postgres.sh

# Everything, with gcc, clang, the sanitizers, valgrind and a short run of each fuzzer.
test: | need-test
	@MAKE="$(MAKE)" $(WITH_PG) tests/run-all.py

# The parts of it, on the build in $(BUILD).
# All of them, or without some: make unit WITHOUT="test_a test_b"
UNITS = $(filter-out $(WITHOUT:%=$(BUILD)/tests/unit/%),$(UNIT))
structure:
	@tests/structure.sh
	@tests/structure-control.sh
unit: | need-test
	@$(MAKE) --no-print-directory $(UNITS)
	@$(WITH_PG) tests/run-unit.sh $(UNITS)
e2e: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(if $(SAN),,$(VERSIONS)) $(BUILD)/fault/ledger $(CRASH_SHIM) $(BUILD)/tests/fault/outage_fill
	@CLICKBATON=$(BUILD)/clickbaton python3 tests/e2e/run.py $(ONLY)
# A day without TikTok: EVENTS wait (1,000,000; it takes some minutes and 1 GB of TMPDIR).
EVENTS ?= 1000000
outage: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/tests/fault/outage_fill
	@CLICKBATON=$(BUILD)/clickbaton python3 tests/fault/outage.py $(EVENTS)
check: structure unit e2e
# The landing script and the inspector's page in Chromium (of that the main checks: web-inspector has all of them); web-control
# breaks both on purpose and wants the checks to notice.
web: | need-web
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/run.js
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/inspector/run.js --main
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/walk.js
web-inspector: | need-web
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/inspector/run.js
# Postbacks at RATE a second while pages look on: make web-load RATE=2000 ROWS=200000
web-load: | need-web
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/bench_load
	@$(if $(RATE),RATE=$(RATE)) $(if $(ROWS),ROWS=$(ROWS)) CLICKBATON=$(BUILD)/clickbaton node tests/web/inspector/load.js
web-control: | need-web
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/run.js --control
	@CLICKBATON=$(BUILD)/clickbaton node tests/web/inspector/run.js --control
# docs/images: the inspector's views, light, dark and on a phone; the walk of docs/getting-started.md (ONLY=walk: that alone).
screenshots: | need-screenshots
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton
	@BUILD=$(BUILD) node tests/web/inspector/shots.js $(ONLY)
	@case '$(ONLY)' in ''|*walk*) CLICKBATON=$(BUILD)/clickbaton node tests/web/walk.js --shots;; esac

asan:
	@$(MAKE) --no-print-directory BUILD=build-asan SAN=address,undefined CFLAGS='-O1 -g' unit e2e
tsan:
	@$(MAKE) --no-print-directory BUILD=build-tsan SAN=thread CFLAGS='-O1 -g' unit e2e
valgrind: | need-test
	@$(MAKE) --no-print-directory $(UNIT)
	@JOBS=2 RUN='valgrind -q --leak-check=full --show-leak-kinds=definite,possible --errors-for-leak-kinds=definite,possible --error-exitcode=99' \
	    $(WITH_PG) tests/run-unit.sh $(filter-out $(NO_VALGRIND),$(UNIT))
# Left out: what needs real time, kills itself or gives up what valgrind needs, and (without ALL=1) those that take long there;
# the address sanitizer looks for leaks in all of them.
NO_VALGRIND := $(addprefix $(BUILD)/tests/unit/,test_confine test_courier test_http_server test_sender test_store test_store_upgrade \
                 $(if $(ALL),,test_store_life test_store_outbox test_store_wear test_store_history test_store_refusal test_store_retain \
                   test_store_prefix test_store_recount test_alert_days test_store_list test_store_nodes test_store_group test_store_handles \
                   test_store_sqlite test_store_tally test_store_tally_sqlite test_pg_days test_http_stream test_page))

# Branches of core/ that the unit tests, the case files and these end-to-end files take; MISSING=1
# lists the others.  Nothing is left out, not even where memory ends.
COVERED := CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage BUILD=build-cov
COVERING := 10 20 21 30 37 40 61 62 63 64 65 66 67 68 69 70 72 73 74 78 79 80 81 82
coverage: | need-test
	@find build-cov -name '*.gcda' -exec rm {} + 2>/dev/null || true
	@$(MAKE) --no-print-directory $(COVERED) build-cov/clickbaton $(UNIT:$(BUILD)/%=build-cov/%)
	@$(WITH_PG) tests/run-unit.sh $(UNIT:$(BUILD)/%=build-cov/%)
	@JOBS=3 E2E_SHARE=4 $(MAKE) --no-print-directory $(COVERED) ONLY="$(COVERING)" e2e || \
	    echo "coverage: some tests failed; what they did not come to is counted as not taken"
	@tools/coverage.py build-cov --least 90 $(if $(MISSING),--missing)

# Compile everything once more with the other compiler, nothing linked.
other-compiler:
	@$(MAKE) --no-print-directory CC=clang BUILD=build-clang CFLAGS=-O1 $(SRC:%.c=build-clang/%.o)

# Healthy weeks of simulated offers, false alarms counted, and incidents that must be told: make alert-days SEED=7 WEEKS=50
alert-days: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/tests/unit/test_alert_days
	@$(BUILD)/tests/unit/test_alert_days $(or $(SEED),20261126) $(or $(WEEKS),50)

# What hurts a verb or a running server, at full length (tests/e2e has short ones): make fault, make fault FAULT=slow
FAULT ?= failing serving machine upstream slow corrupt
fault: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/fault/ledger $(BUILD)/tests/fault/outage_fill
	@for f in $(FAULT); do echo "== $$f"; BUILD=$(BUILD) CLICKBATON=$(BUILD)/clickbaton python3 tests/fault/$$f.py || bad=1; done; [ -z "$$bad" ]

# make fuzz T=yaml S=600: one target for so many seconds; without T all of them, two at a time.
# SEED=n repeats a run; without it each run is another one and its corpus grows in build-fuzz/corpus.
S ?= 60
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
fuzz: | need-fuzz
	@$(MAKE) --no-print-directory $(FUZZED) $(patsubst %,build-fuzz/fuzz/%,$(if $(T),$(T),$(FUZZ)))
	@SEED=$(SEED) tests/run-fuzz.sh $(S) $(if $(T),$(T),$(FUZZ))
FUZZED := CC=clang BUILD=build-fuzz SAN=fuzzer-no-link,address,undefined CFLAGS='-O1 -gline-tables-only'
# All that `make test` runs with the sanitizers, the fuzzers among them, and a clean compile by clang.
sanitized: | need-fuzz
	@$(MAKE) --no-print-directory $(FUZZED) build-fuzz/clickbaton $(UNIT:$(BUILD)/%=build-fuzz/%) $(patsubst %,build-fuzz/fuzz/%,$(FUZZ))
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libclickbaton.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	@$(CC) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(LIBS)

# Points at which the server is killed or its power fails, and what its disk has then.
CRASH_SHIM := $(BUILD)/tests/fault/crash_shim.so
$(CRASH_SHIM): $(wildcard tests/fault/crash_*.[ch])
	@mkdir -p $(@D)
	@echo "  LD   $@"
	@$(CC) $(ALL_C) -O2 -g -fPIC -shared -o $@ $(filter %.c,$^)
soak: soak-crash soak-reloads soak-sweep soak-flat
# make soak-reloads RELOADS=5000; make soak-flat HOURS=8 RATE=2000 (half of what the machine takes, by default)
soak-reloads: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton
	@CLICKBATON=$(BUILD)/clickbaton python3 tests/fault/reloads.py $(or $(RELOADS),1000)
soak-flat: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/bench_load
	@HOURS=$(or $(HOURS),2) $(if $(RATE),RATE=$(RATE)) CLICKBATON=$(BUILD)/clickbaton python3 tests/fault/soak.py
# make soak-sweep ROWS=1000000
soak-sweep: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/bench_load
	@CLICKBATON=$(BUILD)/clickbaton ROWS=$(or $(ROWS),300000) python3 tests/fault/sweep.py sweep
# make soak-crash POINTS=5000 SEED=7
soak-crash: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(CRASH_SHIM)
	@CLICKBATON=$(BUILD)/clickbaton python3 tests/fault/crash.py $(or $(POINTS),1000) $(or $(SEED),20261120)
# make corrupt CASES=100000 SEED=7: seeded damage to a store; `store verify` says so, or it is whole.
corrupt: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/fault/ledger
	@BUILD=$(BUILD) python3 tests/fault/corrupt.py $(or $(CASES),10000) $(or $(SEED),5)

# Several servers on one PostgreSQL, and what may be wrong with one: also what waits long.
test-postgres: | need-cluster
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(VERSIONS)
	@SLOW=1 JOBS=1 CLICKBATON=$(BUILD)/clickbaton python3 tests/e2e/run.py 94 95 96 97 98 99
# Three PostgreSQL servers, receivers and senders, each in a network namespace (as root), and what kills and cuts them: make test-cluster
# ROUNDS=500 SEED=7; LIMIT=900, FAULTS="kill_primary split_brain", KEEP=1: tests/cluster/run.py
test-cluster: | need-cluster
	@$(MAKE) --no-print-directory $(BUILD)/tests/cluster/load $(BUILD)/tests/cluster/clock.so
	@python3 tests/cluster/run.py $(BUILD)/tests/cluster $(or $(ROUNDS),8) $(SEED)
# The same with three real servers and a sandbox.
test-cluster-serve: | need-cluster
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/tests/cluster/clock.so
	@CLICKBATON=$(BUILD)/clickbaton python3 tests/cluster/serve.py $(BUILD)/tests/cluster $(or $(ROUNDS),8) $(SEED)
$(BUILD)/tests/cluster/clock.so: tests/cluster/clock.c tests/fault/wall_clock.h
	@mkdir -p $(@D)
	@$(CC) $(ALL_C) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<
$(BUILD)/tests/cluster/load: $(BUILD)/tests/cluster/load.o $(BUILD)/libclickbaton.a
	@echo "  LD   $@"
	@$(CC) $(SAN_F) $(HARD_L) $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- the main job, shown; and measured ----

demo: | need-demo
	@$(MAKE) --no-print-directory all
	@KEEP='$(KEEP)' CLICKBATON=$(BUILD)/clickbaton python3 examples/demo/run.py

# The programs that measure are made anew: a folder that was copied has old objects with new times.
bench: | need-bench
	@$(if $(QUICK),,rm -rf $(BUILD)/bench)
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BENCH)
	@BUILD=$(BUILD) bench/run.sh
# Where the instructions of one postback go, and its system calls (CLOSE=1: with a connection for each; TOP=n).
bench-profile: | need-profile
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/bench_load
	@BUILD=$(BUILD) python3 -B bench/profile.py

# How long `trace` takes among ROWS ledger rows: minutes to fill, 1.2 GB of TRACE_DIR (removed again) for each million.
bench-trace: | need-build
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench_trace
	@$(BUILD)/bench/bench_trace $(or $(TRACE_DIR),/var/tmp/clickbaton-bench-trace) $(or $(ROWS),4000000)
# A million rows each in a tracker's export, a CRM's and the ledger (ROWS=n: others); 1.6 GB of TMPDIR for a while.
bench-reconcile: | need-bench
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/fill_ledger
	@BUILD=$(BUILD) $(if $(ROWS),ROWS=$(ROWS)) python3 bench/reconcile.py

# Several servers on one PostgreSQL beside SQLite's one, minutes of each part (QUICK=1: a smoke; ONLY="intake senders limit growth failover lookups": these;
# CLICKS=10000000; CLUSTER_DIR=FOLDER: on that disk).  As root it also cuts a link, in a network namespace.
bench-cluster: | need-test need-bench
	@$(MAKE) --no-print-directory $(BUILD)/clickbaton $(BUILD)/bench/bench_group $(BUILD)/bench/bench_load $(BUILD)/bench/bench_days
	@BUILD=$(BUILD) python3 -B bench/cluster.py
# Its part with a ledger of many days, alone: make bench-days ROWS=10000000 SPANS="1 7"
bench-days: | need-test
	@$(MAKE) --no-print-directory $(BUILD)/bench/bench_days
	@BUILD=$(BUILD) $(if $(ROWS),ROWS=$(ROWS)) $(if $(CLICKS),CLICKS=$(CLICKS)) $(if $(DAYS),DAYS=$(DAYS)) $(if $(SPANS),SPANS="$(SPANS)") python3 -B bench/cluster_days.py

# The page of diagnostics, from the texts that `explain` prints.
docs: all
	@$(BUILD)/clickbaton explain --markdown > $(BUILD)/diagnostics.md
	@mv $(BUILD)/diagnostics.md docs/diagnostics.md

# ---- installing ----

# Beside the program: its man pages and completions, both made of what it and docs/ say.
man: all | need-man
	@packaging/man.sh $(BUILD)/clickbaton $(BUILD)/man
completions: all
	@packaging/completions.sh $(BUILD)/clickbaton $(BUILD)/completions

SHARE := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := bash-completion/completions/clickbaton zsh/vendor-completions/_clickbaton \
               fish/vendor_completions.d/clickbaton.fish
install: all man completions
	install -D -m 755 $(BUILD)/clickbaton $(DESTDIR)$(PREFIX)/bin/clickbaton
	install -d $(SHARE)/clickbaton/mappings/schema $(SHARE)/doc/clickbaton $(SHARE)/man/man1 $(SHARE)/man/man5
	install -m 644 mappings/*.yaml $(SHARE)/clickbaton/mappings/
	install -m 644 mappings/schema/*.json $(SHARE)/clickbaton/mappings/schema/
	install -m 644 README.md LICENSE CHANGELOG.md $(SHARE)/doc/clickbaton/
	cp -R examples docs $(SHARE)/doc/clickbaton/
	install -m 644 $(BUILD)/man/*.1 $(SHARE)/man/man1/
	install -m 644 $(BUILD)/man/*.5 $(SHARE)/man/man5/
	install -D -m 644 $(BUILD)/completions/clickbaton.bash $(SHARE)/bash-completion/completions/clickbaton
	install -D -m 644 $(BUILD)/completions/_clickbaton $(SHARE)/zsh/vendor-completions/_clickbaton
	install -D -m 644 $(BUILD)/completions/clickbaton.fish $(SHARE)/fish/vendor_completions.d/clickbaton.fish
	install -D -m 644 examples/clickbaton.service $(DESTDIR)$(PREFIX)/lib/systemd/system/clickbaton.service
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/clickbaton $(DESTDIR)$(PREFIX)/lib/systemd/system/clickbaton.service
	rm -f $(SHARE)/man/man1/clickbaton.1 $(addprefix $(SHARE)/man/man5/clickbaton,-mapping.5 -chain.5 .yaml.5)
	rm -f $(addprefix $(SHARE)/,$(COMPLETIONS))
	rm -rf $(SHARE)/clickbaton $(SHARE)/doc/clickbaton

# $(BUILD)/clickbaton_VERSION_ARCH.deb, and what is in it, library by library.
deb: all | need-deb
	@packaging/deb.sh $(BUILD)
package: all | need-deb
	@BUILD=$(BUILD) MAKE="$(MAKE)" tests/package.sh
sbom: all
	@packaging/sbom.py $(BUILD)/clickbaton

dist:
	git archive --prefix=clickbaton-$(VERSION)/ -o clickbaton-$(VERSION).tar.gz HEAD

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
