#!/bin/bash
# alternatives --install LINK NAME PATH PRIORITY | --remove NAME PATH | --set NAME PATH | --auto NAME | --display NAME
# The lists are as Enterprise Linux has them: mode, link, an empty line, then a path and a priority for each.
lists=/var/lib/alternatives links=/etc/alternatives
mode=auto link= paths=() priorities=()

load() {
    [ -f "$lists/$1" ] || return 1
    { read -r mode; read -r link; read -r _; while read -r path && read -r priority; do
        paths+=("$path"); priorities+=("$priority")
    done; } <"$lists/$1"
}

save() {
    local name=$1 best=-1 index current
    [ ${#paths[@]} = 0 ] && { rm -f "$lists/$name" "$links/$name" "$link"; return; }
    current=$(readlink "$links/$name")
    [[ " ${paths[*]} " == *" $current "* ]] || mode=auto
    if [ $mode = auto ]; then
        for index in "${!paths[@]}"; do
            [ "${priorities[index]}" -gt $best ] && { best=${priorities[index]}; current=${paths[index]}; }
        done
    fi
    { echo $mode; echo "$link"; echo; for index in "${!paths[@]}"; do
        printf '%s\n%s\n' "${paths[index]}" "${priorities[index]}"
    done; } >"$lists/$name"
    [ "$(readlink "$links/$name")" = "$current" ] || ln -sfn "$current" "$links/$name"
    [ "$(readlink "$link")" = "$links/$name" ] || ln -sfn "$links/$name" "$link"
}

drop() {
    local index kept=() weights=()
    for index in "${!paths[@]}"; do
        [ "${paths[index]}" = "$1" ] || { kept+=("${paths[index]}"); weights+=("${priorities[index]}"); }
    done
    paths=("${kept[@]}") priorities=("${weights[@]}")
}

case $1 in
    --install) load "$3"; link=$2; drop "$4"; paths+=("$4"); priorities+=("$5"); save "$3" ;;
    --remove) load "$2" || exit 0; drop "$3"; save "$2" ;;
    --set) load "$2" || exit 2; mode=manual; ln -sfn "$3" "$links/$2"; save "$2" ;;
    --auto) load "$2" || exit 2; mode=auto; save "$2" ;;
    --display) load "$2" || exit 2; echo "$2 - $mode"; readlink "$links/$2" ;;
    *) exit 2 ;;
esac
