# Colours for grep in interactive shells; /etc/GREP_COLORS can turn them off.
case $- in
    *i*) grep -qsi '^COLOR.*none' /etc/GREP_COLORS || alias grep='grep --color=auto' ;;
esac
