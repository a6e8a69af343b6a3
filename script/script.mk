# The `weir` command, for the Makefile. Without the engine the library is built
# all the same, and a line says what is missing.

JSC_PACKAGE := $(firstword $(foreach p,javascriptcoregtk-4.1 javascriptcoregtk-6.0,\
  $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null && echo $(p))))
ifeq ($(shell uname -s),Darwin)
JSC_CFLAGS :=
JSC_LIBS := -framework JavaScriptCore
HAVE_JSC := yes
else ifneq ($(JSC_PACKAGE),)
JSC_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(JSC_PACKAGE)))
JSC_LIBS := $(shell $(PKG_CONFIG) --libs $(JSC_PACKAGE))
HAVE_JSC := yes
endif

SCRIPT_SOURCES := $(wildcard script/*.c)
BUILTINS := $(sort $(shell find script/lib -name '*.js'))

ifdef HAVE_JSC
all: build/weir
else
all: no-engine
endif

ifdef HAVE_JSC
install: install-weir
endif
.PHONY: no-engine install-weir
install-weir: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 build/weir $(DESTDIR)$(PREFIX)/bin
no-engine:
	@echo 'The weir command is left out: it needs JavaScriptCore (Debian:' >&2
	@echo 'libjavascriptcoregtk-4.1-dev). `make deps` installs it. The library is built.' >&2

build/builtins.c: $(BUILTINS) script/embed
	@mkdir -p $(@D)
	$(SAY) JS $@
	$(Q)script/embed $(BUILTINS) > $@.$$$$ && mv $@.$$$$ $@

# $(1): folder, $(2): flags, $(3): the library it is linked with
define weir_command
build/$(1)/script/%.o: script/%.c build/.cares build/.flags | $(HEADERS)
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)$$(CC) $$(BASE) $$(JSC_CFLAGS) $(2) -c $$< -o $$@
build/$(1)/builtins.o: build/builtins.c build/.flags
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(BASE) $$(JSC_CFLAGS) -O0 -c $$< -o $$@
endef
$(eval $(call weir_command,obj,$(CFLAGS)))
$(eval $(call weir_command,sanitize,-O1 -g -fno-omit-frame-pointer $(SANITIZE)))

build/weir: $(SCRIPT_SOURCES:script/%.c=build/obj/script/%.o) build/obj/builtins.o \
  build/libweir.a
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(JSC_LIBS) $(LIBS) -lm -o $@

build/sanitize/weir: $(SCRIPT_SOURCES:script/%.c=build/sanitize/script/%.o) \
  build/sanitize/builtins.o build/sanitize/libweir.a
	$(SAY) LD $@
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) $^ $(JSC_LIBS) $(LIBS) -lm -o $@

# ---------------------------------------------------------------- its tests

SCRIPT_TESTS := $(sort $(wildcard test/script/test_*.js))
# Under Valgrind, which needs half a minute for each, those that reach into C.
VALGRIND_SCRIPTS := $(filter $(addprefix %/test_,net_read.js net_write.js \
  net_server.js net_half.js net_arguments.js tcp.js timers.js fs.js \
  process.js titanium.js),$(SCRIPT_TESTS))

.PHONY: check-script check-script-valgrind check-script-sanitize check-node check-leaks check-documents
ifdef HAVE_JSC
check check-sanitize: build/sanitize/weir
SCRIPT_TESTS_HERE = $(SCRIPT_TESTS)
VALGRIND_SCRIPTS_HERE = $(VALGRIND_SCRIPTS)
check-script: build/weir
	@test/run plain $(SCRIPT_TESTS)
check-script-valgrind: build/weir
	@test/run valgrind $(VALGRIND_SCRIPTS)
check-script-sanitize: build/sanitize/weir
	@test/run sanitize $(SCRIPT_TESTS)
# Each of the five documents with its rows, tests and passes.
check-documents: build/weir
	@test/documents/report
check-leaks: build/weir
	@build/weir test/script/leak/connections.js
else
check-script check-script-valgrind check-script-sanitize check-leaks check-documents: no-engine
endif
# The same files on Node, where it is installed: what is Node's is as Node has it.
# Not those in which every test is weir's own.
NODE_TESTS = $(shell grep -lE '^ *(test|compareWithNode)[^.a-zA-Z = ]' $(SCRIPT_TESTS))
check-node:
	@command -v node >/dev/null || { echo 'check-node: node is not installed' >&2; exit 1; }
	@test/run node $(NODE_TESTS)

# Random programs by the thousand, on Node and on weir: SEEDS=5000 FIRST=1
# CAUSES='data close'. test/script/order/record writes what the suite compares.
.PHONY: check-order
check-order: build/weir
	@node test/script/order/compare.js $(or $(SEEDS),1000) $(or $(FIRST),1) $(CAUSES)

-include $(wildcard build/obj/script/*.d build/sanitize/script/*.d)
