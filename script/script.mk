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

# The library, and the command, its first client.
SCRIPT_SOURCES := $(filter-out script/main.c,\
  $(wildcard script/*.c script/host/*.c script/bindings/*.c))
BUILTINS := $(sort $(shell find script/lib -name '*.js'))
SCRIPT_LIBS = $(JSC_LIBS) $(LIBS) -lm
HEADERS += build/include/weir/script.h

ifdef HAVE_JSC
all: build/weir build/libweir-script.a build/libweir-script.so build/examples/embed
install: install-script
else
all: no-engine
endif
.PHONY: no-engine install-script print-script-libs
install-script: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib \
	  $(DESTDIR)$(PREFIX)/include/weir
	install -m 755 build/weir $(DESTDIR)$(PREFIX)/bin
	install -m 644 script/script.h $(DESTDIR)$(PREFIX)/include/weir
	install -m 644 build/libweir-script.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 build/libweir-script.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib
	ln -sf libweir-script.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libweir-script.so.$(SOVERSION)
	ln -sf libweir-script.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/libweir-script.so
print-script-libs:
	@echo $(SCRIPT_LIBS)
no-engine:
	@echo 'The weir command and libweir-script are left out: they need JavaScriptCore' >&2
	@echo '(Debian: libjavascriptcoregtk-4.1-dev). `make deps` installs it. The library' >&2
	@echo 'is built.' >&2

build/include/weir/%.h: script/%.h
	@mkdir -p $(@D)
	@cp $< $@

build/builtins.c: $(BUILTINS) script/host/embed-builtins
	@mkdir -p $(@D)
	$(SAY) JS $@
	$(Q)script/host/embed-builtins $(BUILTINS) > $@.$$$$ && mv $@.$$$$ $@

# Its files share names that are not weir_...: one object is made of them, and
# what is hidden stays in it. (macOS' linker does that by itself.)
ifeq ($(shell uname -s),Darwin)
HIDE = true
else
HIDE = objcopy --localize-hidden
endif

# $(1): folder, $(2): flags
define weir_script
build/$(1)/script/%.o: script/%.c build/.cares build/.flags | $(HEADERS)
	@mkdir -p $$(@D)
	$$(SAY) CC $$@
	$$(Q)$$(CC) $$(BASE) $$(JSC_CFLAGS) $(2) -fPIC -c $$< -o $$@
build/$(1)/builtins.o: build/builtins.c build/.flags
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(BASE) $$(JSC_CFLAGS) -O0 -fPIC -c $$< -o $$@
build/$(1)/weir-script.o: $(SCRIPT_SOURCES:script/%.c=build/$(1)/script/%.o) \
  build/$(1)/builtins.o
	$$(SAY) LD $$@
	$$(Q)ld -r $$^ -o $$@ && $$(HIDE) $$@
build/$(1)/libweir-script.a: build/$(1)/weir-script.o
	@rm -f $$@
	$$(SAY) AR $$@
	$$(Q)$$(AR) rcs $$@ $$^
endef
$(eval $(call weir_script,obj,$(CFLAGS)))
$(eval $(call weir_script,sanitize,-O1 -g -fno-omit-frame-pointer $(SANITIZE)))

build/libweir-script.a: build/obj/libweir-script.a
	@cp $< $@

build/libweir-script.so: build/obj/weir-script.o build/libweir.so
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(subst libweir,libweir-script,$(SHARED)) \
	  build/obj/weir-script.o -Lbuild -lweir $(SCRIPT_LIBS) -o $@.$(VERSION)
	@ln -sf libweir-script.so.$(VERSION) build/libweir-script.so.$(SOVERSION)
	@ln -sf libweir-script.so.$(SOVERSION) $@

build/weir: build/obj/script/main.o build/libweir-script.a build/libweir.a
	$(SAY) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(SCRIPT_LIBS) -o $@

# As it is where the engine lets nobody run promise jobs: it is entered for each
# event, and left.
build/entering/weir: build/obj/script/main.o build/obj/weir-script.o build/libweir.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)objcopy --redefine-sym _ZN3JSC2VM15drainMicrotasksEv=weir_nowhere \
	  build/obj/weir-script.o $(@D)/weir-script.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< $(@D)/weir-script.o build/libweir.a \
	  $(SCRIPT_LIBS) -o $@

build/examples/embed: script/examples/embed.c build/libweir-script.a build/libweir.a
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(BASE) $(CFLAGS) $(LDFLAGS) $^ $(SCRIPT_LIBS) -o $@

build/sanitize/weir: build/sanitize/script/main.o \
  build/sanitize/libweir-script.a build/sanitize/libweir.a
	$(SAY) LD $@
	$(Q)$(CC) $(SANITIZE) $(LDFLAGS) $^ $(SCRIPT_LIBS) -o $@

# ---------------------------------------------------------------- its tests

SCRIPT_TESTS := $(sort $(wildcard test/js/test_*.js))
# Under Valgrind, which needs half a minute for each, those that reach into C.
VALGRIND_SCRIPTS := $(filter $(addprefix %/test_,net_read.js net_write.js \
  net_server.js net_half.js net_arguments.js tcp.js timers.js fs.js \
  process.js titanium.js),$(SCRIPT_TESTS))

# What depends on when promise jobs run, where we cannot have them run.
ENTERING_SCRIPTS := $(filter $(addprefix %/test_,net_order.js net_read.js \
  timers.js rejections.js process.js stream_iterate.js),$(SCRIPT_TESTS))

# Programs in C that have a script, with the tests' own library below it.
EMBED_NAMES := $(patsubst test/%.c,%,$(wildcard test/embed/test_*.c))
define embed_tests
$(EMBED_NAMES:%=build/$(1)/%): build/$(1)/%: build/$(1)/test/%.o $(2) \
  build/$(1)/libweir.a
	@mkdir -p $$(@D)
	$(SAY) LD $$@
	$(Q)$$(CC) $(3) $(LDFLAGS) $$^ $(CMOCKA_LIBS) $(SCRIPT_LIBS) -o $$@
endef
$(eval $(call embed_tests,test,build/libweir-script.a,-O1))
$(eval $(call embed_tests,sanitize,build/sanitize/libweir-script.a,-O1 $(SANITIZE)))

.PHONY: check-script check-script-valgrind check-script-sanitize check-node check-leaks check-documents
ifdef HAVE_JSC
EMBED_TESTS = $(EMBED_NAMES:%=build/test/%)
# Each life of an engine takes three seconds there: those that are about lives,
# and about what crosses into C.
EMBED_VALGRIND = $(filter %/test_script_life %/test_script_sockets,$(EMBED_TESTS))
EMBED_SANITIZED = $(EMBED_NAMES:%=build/sanitize/%)
check check-plain check-valgrind: $(EMBED_TESTS)
check check-sanitize: build/sanitize/weir $(EMBED_SANITIZED)
check check-plain: build/entering/weir
ENTERING_HERE = : entering $(ENTERING_SCRIPTS)
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
	@build/weir test/js/leak/connections.js
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
# CAUSES='data close'. test/js/order/record writes what the suite compares.
.PHONY: check-order
check-order: build/weir
	@node test/js/order/compare.js $(or $(SEEDS),1000) $(or $(FIRST),1) $(CAUSES)
