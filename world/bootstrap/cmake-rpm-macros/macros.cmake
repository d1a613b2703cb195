# cmake builds in a directory of its own, except when a spec of Enterprise Linux 8 names the source directory
# itself ("%%cmake ." or "mkdir build; cd build; %%cmake .."): see cmake-configure.
%_cmake_lib_suffix64	-DLIB_SUFFIX=64
%_cmake_shared_libs	-DBUILD_SHARED_LIBS:BOOL=ON
%_cmake_skip_rpath	-DCMAKE_SKIP_RPATH:BOOL=ON
%_cmake_version		3.25.1
%__cmake		/usr/bin/cmake
%__ctest		/usr/bin/ctest
%__cmake_builddir	%{!?__cmake_in_source_build:%{_vpath_builddir}}%{?__cmake_in_source_build:.}
%__cmake_found_builddir	$(test -f "%{__cmake_builddir}/CMakeCache.txt" && echo "%{__cmake_builddir}" || echo .)
%cmake \
  %{set_build_flags} ; \
  %{_rpmconfigdir}/redhat/cmake-configure %{!?__cmake_in_source_build:--out "%{_vpath_srcdir}" "%{__cmake_builddir}"}%{?__cmake_in_source_build:--in} %{__cmake} \\\
        -DCMAKE_C_FLAGS_RELEASE:STRING="-DNDEBUG" \\\
        -DCMAKE_CXX_FLAGS_RELEASE:STRING="-DNDEBUG" \\\
        -DCMAKE_Fortran_FLAGS_RELEASE:STRING="-DNDEBUG" \\\
        -DCMAKE_VERBOSE_MAKEFILE:BOOL=ON \\\
        -DCMAKE_INSTALL_DO_STRIP:BOOL=OFF \\\
        -DCMAKE_INSTALL_PREFIX:PATH=%{_prefix} \\\
        -DCMAKE_INSTALL_LIBDIR:PATH=%{_lib} \\\
        -DINCLUDE_INSTALL_DIR:PATH=%{_includedir} \\\
        -DLIB_INSTALL_DIR:PATH=%{_libdir} \\\
        -DSYSCONF_INSTALL_DIR:PATH=%{_sysconfdir} \\\
        -DSHARE_INSTALL_PREFIX:PATH=%{_datadir} \\\
        %{?_cmake_lib_suffix64} \\\
        %{?_cmake_shared_libs}
%cmake_build \
  %{__cmake} --build "%{__cmake_found_builddir}" %{?_smp_mflags} --verbose
%cmake_install \
  DESTDIR="%{buildroot}" %{__cmake} --install "%{__cmake_found_builddir}"
%ctest(-) \
  ( cd "%{__cmake_found_builddir}" && %{__ctest} --output-on-failure --force-new-ctest-process %{?_smp_mflags} %{?*} )
%cmake3			%{cmake}
%cmake3_build		%{cmake_build}
%cmake3_install		%{cmake_install}
%ctest3(-)		%ctest %{?*}
%__cmake3		%{__cmake}
%__ctest3		%{__ctest}
