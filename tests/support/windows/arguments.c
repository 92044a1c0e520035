/* Named curl.exe, it appends the arguments that it got to arguments.txt, a line for each call. */
#include <stdio.h>

int main(int argc, char **argv) {
  FILE *file = fopen("arguments.txt", "ab");
  if (!file) return 1;
  for (int i = 1; i < argc; i++) fprintf(file, "%s%c", argv[i], i < argc - 1 ? '\x1f' : '\n');
  return fclose(file);
}
