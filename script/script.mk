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

.PHONY: no-engine
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

-include $(wildcard build/obj/script/*.d build/sanitize/script/*.d)
