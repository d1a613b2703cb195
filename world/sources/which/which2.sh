# In bash, which also knows the aliases and functions of the running shell.
if [ -n "${BASH_VERSION-}" ]; then
    which() {
        { alias; declare -f; } | /usr/bin/which --tty-only --read-alias --read-functions --show-tilde --show-dot "$@"
    }
    export -f which
fi
