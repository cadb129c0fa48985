/* Prints docs/ops.md: the table of all operators, from the registry. */
#include <fluxion/fluxion.h>

#include <stdio.h>

static const char *type_words(const fx_field *field)
{
    switch (field->type) {
    case FX_FIELD_TENSOR: return "tensor";
    case FX_FIELD_OPERAND: return "tensor or number";
    case FX_FIELD_TENSORS: return "tensors";
    case FX_FIELD_INT: return "integer";
    case FX_FIELD_REAL: return "number";
    case FX_FIELD_BOOL: return "bool";
    case FX_FIELD_DIMS: return "dims";
    case FX_FIELD_DTYPE: return "dtype";
    case FX_FIELD_CHOICE: return field->choices;
    case FX_FIELD_TEXT: return "text";
    }
    return "";
}

/* Text within a cell: a bar would end it, and brackets of tags and stars mean something to Markdown. */
static void print_cell(const char *text)
{
    for (; text && *text; text++) {
        if (*text == '|' || *text == '*' || *text == '<' || *text == '_' || *text == '\\') putchar('\\');
        putchar(*text == '\n' ? ' ' : *text);
    }
}

static void print_row(const fx_function *f)
{
    printf("| `fx_%s` | ", f->name);
    for (const fx_field *field = f->fields; field->name; field++) {
        printf("%s`%s`: ", field == f->fields ? "" : ", ", field->name);
        print_cell(type_words(field));
        if (field->optional) printf(" (optional)");
    }
    printf(" | ");
    print_cell(f->formula);
    printf(" | ");
    print_cell(f->gradient ? f->gradient : f->integer_result ? "none" : "");
    printf(" | ");
    print_cell(f->notes);
    printf(" |\n");
}

int main(void)
{
    int count;
    const fx_function *const *functions = fx_functions(&count);
    printf("# Operators\n\n"
           "Each function of `ops.h` with its arguments, its value and its gradient, as the registry has "
           "them: `x` are inputs,\n"
           "`y` is the result, `g` the gradient in `y`, `gx` the gradient in `x`. The header says shapes, "
           "defaults and errors.\n"
           "This page is made by `docs/ops_table.c`; a test compares the two.\n\n"
           "%d functions.\n\n"
           "| function | arguments | value | gradient | notes |\n"
           "|---|---|---|---|---|\n",
           count);
    for (int i = 0; i < count; i++) print_row(functions[i]);
    return 0;
}
