#!/bin/sh
# Input pipe of less: shows what is inside a compressed file.
case "$1" in
    *.gz) exec gzip -dc -- "$1" 2>/dev/null ;;
    *.bz2) exec bzip2 -dc -- "$1" 2>/dev/null ;;
    *.xz) exec xz -dc -- "$1" 2>/dev/null ;;
    *.tar) exec tar tvf "$1" 2>/dev/null ;;
esac
exit 1
