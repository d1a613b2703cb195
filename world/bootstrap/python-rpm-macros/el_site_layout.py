"""Gives Debian's python the directories of an Enterprise Linux: site-packages below /usr/lib and /usr/lib64.

Read at the start of every python through el-site-layout.pth.
"""
import site
import sys

LIBRARY = "{base}/lib/python{py_version_short}/site-packages"
PLATFORM = "{platbase}/lib64/python{py_version_short}/site-packages"


def add_directories():
    version = "python%d.%d" % sys.version_info[:2]
    for lib in ("lib64", "lib"):
        site.addsitedir("/usr/%s/%s/site-packages" % (lib, version))


def set_schemes(sysconfig):
    schemes = sysconfig._INSTALL_SCHEMES
    base = schemes["posix_prefix"]
    for name in ("posix_prefix", "posix_local", "deb_system"):
        schemes[name] = dict(
            schemes[name], purelib=LIBRARY, platlib=PLATFORM, scripts=base["scripts"], data=base["data"], include=base["include"]
        )


class Finder:
    """Changes sysconfig's schemes when it is first imported: most runs of python never ask for them."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "sysconfig":
            return None
        sys.meta_path.remove(Finder)
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in sys.meta_path)), None)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            set_schemes(module)

        spec.loader.exec_module = exec_module
        return spec


if sys.prefix == sys.base_prefix:
    add_directories()
    if "sysconfig" in sys.modules:
        set_schemes(sys.modules["sysconfig"])
    else:
        sys.meta_path.insert(0, Finder)
