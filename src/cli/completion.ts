/** `kpn-auth completion`: prints a completion script for a shell, made from the tables of options. */

import { type Command, command } from "./command.ts";
import { EXIT, failure } from "./exit.ts";
import { type Option, shown } from "./options.ts";

type Commands = Readonly<Record<string, Command>>;

/** The command; it needs all commands, including itself. */
export function completion(commands: () => Commands): Command {
  return command({
    summary: "print a script that completes commands and options",
    takes: "bash|zsh|fish|pwsh",
    help: `\
kpn-auth completion SHELL: prints a script for bash, zsh, fish or pwsh.

  source <(kpn-auth completion bash)          in ~/.bashrc
  source <(kpn-auth completion zsh)           in ~/.zshrc, after compinit
  kpn-auth completion fish | source           in ~/.config/fish/config.fish
  kpn-auth completion pwsh | Out-String | Invoke-Expression     in $PROFILE
`,
    options: {},
    async run({ positionals: [shell = ""] }, io) {
      if (!Object.keys(SCRIPTS).includes(shell)) {
        throw failure(EXIT.usage, `SHELL must be one of ${Object.keys(SCRIPTS).join(", ")}.`);
      }
      await io.stdout(SCRIPTS[shell]!(commands()));
      return EXIT.done;
    },
  });
}

const SCRIPTS: Readonly<Record<string, (commands: Commands) => string>> = {
  bash: (commands) =>
    `_kpn_auth() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  case "\${COMP_WORDS[1]} $before" in
${
      valueCases(
        commands,
        (words) => `words="${words}"`,
        'COMPREPLY=($(compgen -f -- "$word")); return',
      )
    }
  *) ${wordCases(commands, "COMP_CWORD == 1", "${COMP_WORDS[1]}")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _kpn_auth kpn-auth
`,
  zsh: (commands) =>
    `#compdef kpn-auth
_kpn_auth() {
  local before=\${words[CURRENT-1]} command=\${words[2]} list=
  case "$command $before" in
${valueCases(commands, (words) => `list="${words}"`, "_files; return")}
  *) ${wordCases(commands, "CURRENT == 2", "$command").replace(/words=/g, "list=")}
  esac
  compadd -- \${=list}
}
compdef _kpn_auth kpn-auth
`,
  fish: (commands) =>
    `complete -c kpn-auth -f
${
      Object.entries(commands).map(([name, { summary, options, takes }]) =>
        [
          `complete -c kpn-auth -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
          ...positionalsOf(takes).length
            ? [
              `complete -c kpn-auth -n '__fish_seen_subcommand_from ${name}' -a '${
                positionalsOf(takes).join(" ")
              }'`,
            ]
            : [],
          ...shown(options).map(([long, option]) => lineOfFish(name, long, option)),
        ].join("\n")
      ).join("\n")
    }
`,
  pwsh: (commands) =>
    `Register-ArgumentCompleter -Native -CommandName kpn-auth -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { "$_" })
  $list = switch -CaseSensitive ("$($words[1]) $($words[-1])") {
${
      choices(commands).map(([names, words]) =>
        names.map((name) => `    '${name}' { '${words}' }`).join("\n")
      ).join("\n")
    }
    default {
      switch ("$($words[1])") {
${
      Object.entries(commands).map(([name, command]) =>
        `        '${name}' { '${wordsOf(command)}' }`
      )
        .join("\n")
    }
        default { '${Object.keys(commands).join(" ")}' }
      }
    }
  }
  "$list".Split(' ') | Where-Object { $_ -and $_.StartsWith($word) }
}
`,
};

/** The options whose value is one of some words: what precedes the value, and the words. */
function choices(commands: Commands): [before: string[], words: string][] {
  return valued(commands).flatMap(([before, { oneOf }]): [string[], string][] =>
    oneOf ? [[before, oneOf.join(" ")]] : []
  );
}

/** Every option that takes a value: `call -o`, `call --output`. */
function valued(commands: Commands): [before: string[], option: Option][] {
  return Object.entries(commands).flatMap(([command, { options }]) =>
    shown(options).filter(([, { value }]) => value).map(([long, option]): [string[], Option] => [
      [`--${long}`, ...option.short ? [`-${option.short}`] : []].map((name) =>
        `${command} ${name}`
      ),
      option,
    ])
  );
}

/** The cases of bash and zsh after an option with a value. */
function valueCases(commands: Commands, list: (words: string) => string, files: string): string {
  return valued(commands).map(([before, { oneOf, value }]) => {
    const does = oneOf ? list(oneOf.join(" ")) : value === "FILE" ? files : "return";
    return `  ${before.map((text) => `"${text}"`).join("|")}) ${does} ;;`;
  }).join("\n");
}

/** The cases of bash and zsh elsewhere: the commands, then a command's own words. */
function wordCases(commands: Commands, first: string, command: string): string {
  return `if (( ${first} )); then words="${Object.keys(commands).join(" ")}"; else
    case "${command}" in
${
    Object.entries(commands).map(([name, each]) => `    ${name}) words="${wordsOf(each)}" ;;`).join(
      "\n",
    )
  }
    help) words="${Object.keys(commands).join(" ")}" ;;
    esac; fi ;;`;
}

function wordsOf({ options, takes }: Command): string {
  const names = shown(options).flatMap((
    [long, { short }],
  ) => [`--${long}`, ...short ? [`-${short}`] : []]);
  return [...positionalsOf(takes), ...names].join(" ");
}

/** `bash|zsh`, but not `PATH|URL`. */
function positionalsOf(takes = ""): string[] {
  return takes.split(/[| ]/).filter((word) => /^[a-z]+$/.test(word));
}

function lineOfFish(command: string, long: string, { short, value, oneOf, help }: Option): string {
  const words = [
    `complete -c kpn-auth -n '__fish_seen_subcommand_from ${command}' -l ${long}`,
    ...short ? [`-s ${short}`] : [],
    ...value ? [value === "FILE" ? "-r -F" : "-x"] : [],
    ...oneOf ? [`-a '${oneOf.join(" ")}'`] : [],
    `-d ${quoted(help.split("\n").join(" "))}`,
  ];
  return words.join(" ");
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}
