"""Completion for bash, from 3.2 on; bash-completion is not needed."""

from __future__ import annotations

from tui.headless.completion.grammar import Grammar, Part, Value

# The words are split here, because readline splits at = and : too; and what stands before the last
# of these is taken away again from what is offered, because readline keeps it.
_FRAME = """\
# Completion of safelight for bash. Put this into ~/.bashrc:
#   source <(safelight completion bash)
_safelight() {{
  local line=${{COMP_LINE:0:COMP_POINT}} words cur prev command= word i
  local offers= files= IFS=$' \\t\\n'
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=${{words[${{#words[@]}}-1]}}
  prev=${{words[${{#words[@]}}-2]}}
  for ((i = 1; i < ${{#words[@]}} - 1; i++)); do
    case ${{words[i]}} in
      {commands}) command=${{words[i]}}; break ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=${{cur%%=*}}
    cur=${{cur#*=}}
  fi
  case "$command $prev" in
{values}
    *)
      if [[ $cur == -* ]]; then
        case $command in
{options}
        esac
      else
        case $command in
{places}
        esac
      fi ;;
  esac
  IFS=$'\\n'
  COMPREPLY=()
  while read -r word; do
    [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
  done <<<"$offers"
  if [[ -n $files ]]; then
    compopt -o filenames 2>/dev/null
    while read -r word; do
      [[ -n $word ]] && COMPREPLY+=("$word")
    done < <(compgen -f -- "$cur")
  fi
  for word in = :; do
    if [[ $cur == *"$word"* && $COMP_WORDBREAKS == *"$word"* ]]; then
      for ((i = 0; i < ${{#COMPREPLY[@]}}; i++)); do
        COMPREPLY[i]=${{COMPREPLY[i]#"${{cur%"$word"*}}$word"}}
      done
    fi
  done
}}
complete -F _safelight safelight
"""


def script(grammar: Grammar) -> str:
    """The script."""
    parts = (grammar.before, *grammar.commands)
    values, options, places = [], [], []
    for part in parts:
        values += _values(part)
        flags = [flag for option in part.options for flag in option.flags]
        options.append(f"          '{part.name}') {_offers(flags)} ;;")
        if part.name:
            places += _places(part)
    names = [part.name for part in grammar.commands]
    places.insert(0, f"          '') {_offers(names)} ;;")
    return _FRAME.format(
        commands="|".join(names),
        values="\n".join(values),
        options="\n".join(options),
        places="\n".join(places),
    )


def _values(part: Part) -> list[str]:
    found = []
    for option in part.options:
        if option.value is not None:
            patterns = "|".join(f"'{part.name} {flag}'" for flag in option.flags)
            found.append(f"    {patterns}) {_take(option.value)} ;;")
    return found


def _places(part: Part) -> list[str]:
    """What stands without an option; which of several places it is, is not looked at."""
    words = [word for place in part.places for word in place.words]
    value = Value(tuple(words), any(place.is_file for place in part.places))
    return [f"          '{part.name}') {_take(value)} ;;"] if words or value.is_file else []


def _take(value: Value) -> str:
    both = (_offers(value.words) if value.words else "", "files=1" if value.is_file else "")
    return "; ".join(each for each in both if each) or ":"


def _offers(words: list[str] | tuple[str, ...]) -> str:
    """The words, one a line."""
    lines = "\n".join(words).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"offers=$'{lines}'"
