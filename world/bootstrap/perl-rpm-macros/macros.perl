# Where Perl packages install: this world's perl searches these directories.
%perl_version		5.36.0
%perl_vendorlib		/usr/share/perl5
%perl_vendorarch	/usr/lib/x86_64-linux-gnu/perl5/5.36
%perl_privlib		/usr/share/perl/5.36
%perl_archlib		/usr/lib/x86_64-linux-gnu/perl/5.36
%perl_sitelib		/usr/local/share/perl/5.36.0
%perl_sitearch		/usr/local/lib/x86_64-linux-gnu/perl/5.36.0
%perl_man1ext		1p
%perl_man3ext		3pm
%perl_man1dir		%{_mandir}/man1
%perl_man3dir		%{_mandir}/man3
%perl_testdir		%{_libexecdir}/perl5-tests

%perl_default_filter %{expand: \
%global __provides_exclude_from %{?__provides_exclude_from:%__provides_exclude_from|}%{perl_vendorarch}/auto/.*\\\\.so$|%{perl_archlib}/.*\\\\.so$|%{_docdir} \
%global __requires_exclude_from %{?__requires_exclude_from:%__requires_exclude_from|}%{_docdir} \
%global __provides_exclude %{?__provides_exclude:%__provides_exclude|}perl\\\\(VMS|perl\\\\(Win32|perl\\\\(DB\\\\)|perl\\\\(UNIVERSAL\\\\) \
%global __requires_exclude %{?__requires_exclude:%__requires_exclude|}perl\\\\(VMS|perl\\\\(Win32 \
}
%perl_default_filter_revision 3
