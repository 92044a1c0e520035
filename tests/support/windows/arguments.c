/* Named curl.exe, it appends the arguments that it got to arguments.txt, a line for each call. */
#include <stdio.h>
#include <windows.h>

int main(int argc, char **argv) {
  FILE *file = NULL;
  /* On a busy machine the call before may not have let go of it yet. */
  for (int tries = 0; tries < 1000 && !(file = fopen("arguments.txt", "ab")); tries++) Sleep(20);
  if (!file) return 1;
  for (int i = 1; i < argc; i++) fprintf(file, "%s%c", argv[i], i < argc - 1 ? '\x1f' : '\n');
  return fclose(file);
}
