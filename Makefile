# weir: build, test and measure. `make help` lists what there is to make.
#
# One Makefile, no recursion, no configure step; every product is in build/, but
# the pages of the reference, which are checked in.
# A variant of the library is a set of flags and a folder:
#   build/obj/       what is installed
#   build/test/      with the system-call seam, for the tests and Valgrind
#   build/sanitize/  the same with AddressSanitizer and UBSan
#   build/kqueue/    the same with the kqueue backend over test/kqueue/
#   build/portable/  the same without what only some systems have

CC ?= cc
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local

# `make V=1` shows the commands.
Q = $(if $(V),,@)
SAY = @$(if $(V),:,printf '%-4s %s\n')

WARNINGS = -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes
STD = -std=c11 -D_GNU_SOURCE -D_DARWIN_C_SOURCE
BASE = $(STD) $(WARNINGS) -Ibuild/include -I. -pthread -fvisibility=hidden -MMD -MP

CARES_CFLAGS := $(shell $(PKG_CONFIG) --cflags libcares 2>/dev/null)
CARES_LIBS := $(or $(shell $(PKG_CONFIG) --libs libcares 2>/dev/null),-lcares)
CMOCKA_LIBS := $(or $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null),-lcmocka)
BASE += $(CARES_CFLAGS)
LIBS = $(CARES_LIBS) -pthread

VERSION := $(shell sed -n 's/^\#define WEIR_VERSION *"\(.*\)"/\1/p' reactor/reactor.h)
SOVERSION := $(basename $(VERSION))

REACTOR_SOURCES := $(wildcard reactor/*.c)
NET_SOURCES := $(wildcard net/*.c)
SOURCES := $(REACTOR_SOURCES) $(NET_SOURCES)
PUBLIC_HEADERS := reactor/reactor.h reactor/runtime.h net/net.h net/blocking.h
HEADERS := $(addprefix build/include/weir/,$(notdir $(PUBLIC_HEADERS)))
EXAMPLES := $(patsubst net/examples/%.c,build/examples/%,$(wildcard net/examples/*.c))

.PHONY: all help
all: $(HEADERS) build/libweir.a build/libweir.so $(EXAMPLES)
.DEFAULT_GOAL := all

help:
	@echo 'make                     the library and the examples, into build/'
	@echo 'make deps                install what is missing, without prompts (as root)'
	@echo 'make check               all tests: plain, under Valgrind, sanitized'
	@echo 'make check-plain         only the first, for a quick look'
	@echo 'make check-script        the JavaScript tests on weir; check-node: on Node'
	@echo 'make check-documents     the five documents, row by row'
	@echo 'make check-kqueue        the tests over the kqueue backend (on Linux too)'
	@echo 'make check-macos         compile and link for macOS (fetches zig)'
	@echo 'make bench               weir beside its peers, in ten minutes; see'
	@echo '                         bench/run --help (BENCH_OPTIONS=--quick: in one)'
	@echo 'make bench-deps          install the peers that Debian and npm have'
	@echo 'make bench-check         count instructions, compare with the record'
	@echo 'make install             into PREFIX ($(PREFIX)), under DESTDIR'
	@echo 'make print-libs          what a program links besides libweir.a;'
	@echo '                         print-script-libs: besides libweir-script.a'
	@echo 'make docs                the pages of the reference, from the headers'
	@echo 'make compile_commands.json  for clangd and clang-tidy'
	@echo 'make format              clang-format on every C file'
	@echo 'make clean'
	@echo 'make V=1                 shows the commands; CC=, CFLAGS=, LDFLAGS= as usual'

# Other flags, another compiler: everything is compiled anew.
.PHONY: FORCE
build/.flags: FORCE
	@mkdir -p build
	@echo '$(CC) $(BASE) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(BASE) $(CFLAGS)' > $@

# Without c-ares nothing of net/ compiles; say so before the compiler does.
build/.cares: build/.flags
	@mkdir -p build
	@printf '#include <ares.h>\nint main(void){return 0;}\n' | \
	  $(CC) $(CARES_CFLAGS) -xc - -fsyntax-only 2>/dev/null || { \
	  echo 'weir needs c-ares (Debian: libc-ares-dev). `make deps` installs it.' >&2; exit 1; }
	@touch $@

# ------------------------------------------------------------- the library

build/include/weir/%.h: reactor/%.h
	@mkdir -p $(@D)
	@cp $< $@
build/include/weir/%.h: net/%.h
	@mkdir -p $(@D)
	@cp $< $@

OBJECTS := $(SOURCES:%.c=build/obj/%.o)

build/obj/%.o: %.c build/.cares build/.flags | $(HEADERS)
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(BASE) $(CFLAGS) -fPIC -c $< -o $@

build/libweir.a: $(OBJECTS)
	@rm -f $@
	$(SAY) AR $@
	$(Q)$(AR) rcs $@ $^

ifeq ($(shell uname -s),Darwin)
SHARED = -dynamiclib -install_name @rpath/libweir.$(SOVERSION).dylib
else
SHARED = -shared -Wl,-soname,libweir.so.$(SOVERSION) -Wl,--no-undefined
endif

build/libweir.so: $(OBJECTS)
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(SHARED) $^ $(LIBS) -o $@.$(VERSION)
	@ln -sf libweir.so.$(VERSION) build/libweir.so.$(SOVERSION)
	@ln -sf libweir.so.$(SOVERSION) $@

# The reactor alone needs nothing but libc.
build/examples/meter build/examples/timers: EXAMPLE_LIBS = -pthread
EXAMPLE_LIBS = $(LIBS)

build/examples/%: net/examples/%.c build/libweir.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) $< build/libweir.a $(EXAMPLE_LIBS) -o $@

# ------------------------------------------------------------- the reference

# The pages that are made from the headers' comments. They are checked in, since
# people read them in the repository. Each has links into the others.
REFERENCE := $(patsubst %.h,docs/%.md,$(notdir $(PUBLIC_HEADERS)))
REFERENCE_NEEDS := docs/reference.awk $(PUBLIC_HEADERS)

define reference
@mkdir -p build
$(SAY) DOC $@
$(Q)LC_ALL=C awk -v header=$< -f docs/reference.awk $(PUBLIC_HEADERS) > build/$(@F)
$(Q)if cmp -s build/$(@F) $@; then touch $@ || :; else cp build/$(@F) $@; fi
endef
docs/%.md: reactor/%.h $(REFERENCE_NEEDS)
	$(reference)
docs/%.md: net/%.h $(REFERENCE_NEEDS)
	$(reference)

.PHONY: docs
docs: $(REFERENCE)
all: docs

# ---------------------------------------------------------------- to install

.PHONY: print-libs install
print-libs:
	@echo $(LIBS)

install: all
	install -d $(DESTDIR)$(PREFIX)/include/weir $(DESTDIR)$(PREFIX)/lib
	install -m 644 $(PUBLIC_HEADERS) $(DESTDIR)$(PREFIX)/include/weir
	install -m 644 build/libweir.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 build/libweir.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib
	ln -sf libweir.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libweir.so.$(SOVERSION)
	ln -sf libweir.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libweir.so
	@[ -n '$(DESTDIR)' ] || ! command -v ldconfig >/dev/null || ldconfig || \
	  echo 'ldconfig failed: the loader may not find libweir.so yet' >&2

# ---------------------------------------------------------------- the tests

TEST_SOURCES := $(filter-out test/embed/%,$(wildcard test/*/test_*.c))
TEST_PROGRAMS := $(TEST_SOURCES:test/%.c=%)
SUPPORT := $(wildcard test/support/*.c)
TEST_FLAGS = $(BASE) -DWEIR_SYS_SEAM -g -fno-omit-frame-pointer
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined

define variant
build/$(1)/%.o: %.c build/.cares build/.flags | $(HEADERS)
	@mkdir -p $$(@D)
	$(SAY) CC $$@
	$(Q)$(CC) $(TEST_FLAGS) $(2) -c $$< -o $$@
build/$(1)/libweir.a: $(SOURCES:%.c=build/$(1)/%.o) $(SUPPORT:%.c=build/$(1)/%.o) $(3:%.c=build/$(1)/%.o)
	@rm -f $$@
	$(SAY) AR $$@
	$(Q)$(AR) rcs $$@ $$^
$(TEST_PROGRAMS:%=build/$(1)/%): build/$(1)/%: build/$(1)/test/%.o build/$(1)/libweir.a
	@mkdir -p $$(@D)
	$(SAY) LD $$@
	$(Q)$(CC) $(2) $(LDFLAGS) $$^ $(CMOCKA_LIBS) $(LIBS) -o $$@
endef
$(eval $(call variant,test,-O1))
$(eval $(call variant,sanitize,-O1 $(SANITIZE)))
# The kqueue backend on Linux, over our own double of kqueue(2): as on FreeBSD,
# and as where there is the least, which is macOS and OpenBSD in one.
$(eval $(call variant,kqueue,-O1 -DWEIR_BACKEND_KQUEUE -Itest/kqueue,test/kqueue/emulate.c))
$(eval $(call variant,portable,-O1 -DWEIR_BACKEND_KQUEUE -DWEIR_SYS_PORTABLE \
  -Itest/kqueue,test/kqueue/emulate.c test/kqueue/xnu.c))

PLAIN_TESTS = $(TEST_PROGRAMS:%=build/test/%)
SANITIZED_TESTS = $(TEST_PROGRAMS:%=build/sanitize/%)
# Tests that replace epoll's own calls say nothing of kqueue.
EPOLL_ONLY := $(shell grep -l 'epoll_\(wait\|ctl\|create\)' $(TEST_SOURCES) | \
  xargs grep -L WEIR_BACKEND_ 2>/dev/null)
KQUEUE_TESTS = $(patsubst test/%.c,build/kqueue/%,\
  $(filter-out $(EPOLL_ONLY),$(TEST_SOURCES)))
# Those that meet what is different where there is less.
PORTABLE_TESTS = $(addprefix build/portable/,$(addprefix reactor/test_,async io \
  io_end io_file loop loop_surround loop_wait signal) $(addprefix net/test_,\
  server server_accept server_close server_limits server_listen server_pause \
  server_unlucky socket socket_adopt socket_pause socket_read unix unix_file \
  write write_fails write_owned write_queue))

.PHONY: check check-plain check-valgrind check-sanitize check-kqueue
check: all $(PLAIN_TESTS) $(SANITIZED_TESTS)
	@test/run plain $(PLAIN_TESTS) $(EMBED_TESTS) $(SCRIPT_TESTS_HERE) : \
	  shell test/shell/*.sh test/documents/run $(ENTERING_HERE) : \
	  valgrind $(PLAIN_TESTS) $(EMBED_VALGRIND) $(VALGRIND_SCRIPTS_HERE) : \
	  sanitize $(SANITIZED_TESTS) $(EMBED_SANITIZED) $(SCRIPT_TESTS_HERE)
check-plain: all $(PLAIN_TESTS)
	@test/run plain $(PLAIN_TESTS) $(EMBED_TESTS) $(SCRIPT_TESTS_HERE) : \
	  shell test/shell/*.sh test/documents/run $(ENTERING_HERE)
check-valgrind: all $(PLAIN_TESTS)
	@test/run valgrind $(PLAIN_TESTS) $(EMBED_VALGRIND) $(VALGRIND_SCRIPTS_HERE)
check-sanitize: $(SANITIZED_TESTS)
	@test/run sanitize $(SANITIZED_TESTS) $(EMBED_SANITIZED) $(SCRIPT_TESTS_HERE)
check-kqueue: $(KQUEUE_TESTS) $(PORTABLE_TESTS) check-double
	@test/run plain $(KQUEUE_TESTS) $(PORTABLE_TESTS)
# What the double does is what was recorded, and looked at beside a manual.
.PHONY: check-double
check-double: build/kqueue/observe
	@build/kqueue/observe | diff test/kqueue/observed/double -
build/kqueue/observe: build/kqueue/test/kqueue/observe.o build/kqueue/test/kqueue/emulate.o
	$(SAY) LD $@
	$(Q)$(CC) $(LDFLAGS) $^ -pthread -o $@

# ------------------------------------------------------------ the weir command

include script/script.mk

# --------------------------------------------------------------- the benches

-include bench/bench.mk

# -------------------------------------------------------------- housekeeping

.PHONY: deps check-macos format clean
deps:
	@test/deps

check-macos:
	@test/check-macos

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

compile_commands.json: Makefile $(SOURCES)
	@{ printf '['; sep=; for f in $(SOURCES) $(wildcard net/examples/*.c) \
	  $(wildcard test/*/*.c) $(wildcard bench/*.c); do \
	  printf '%s\n{"directory":"%s","file":"%s","command":"%s"}' "$$sep" \
	  "$(CURDIR)" "$$f" "$(CC) $(TEST_FLAGS) -c $$f"; sep=,; done; \
	  printf '\n]\n'; } > $@

clean:
	rm -rf build compile_commands.json

-include $(shell find build -name '*.d' 2>/dev/null)
