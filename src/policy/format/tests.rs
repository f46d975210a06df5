//! Texts and what becomes of them.

use super::*;

fn yaml(text: &str) -> String {
    let once = format(text, Form::Yaml).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(format(&once, Form::Yaml).as_deref(), Ok(once.as_str()), "a second time is no change");
    once
}

#[test]
fn indentation_spaces_and_quotes_are_of_one_form() {
    insta::assert_snapshot!(yaml(
        "\u{feff}

# About the document.
apiVersion:   sluice/v1
kind : AccessPolicy
metadata: { name: 'reads' ,domain:  hr}
spec:
    tables: [ {table: \"*\"} ,{table:  t} ]
    grants:
    - to:
         groups: [a,
           b]   # people


      privileges:
       -  select
       - show
    -   to: {everyone: true}
        privileges: [ select ]
    masks:
       - { column: a, expression: 'NULL' }
       - {column: b, expression: '''x'''}
       - {column: c, expression: '\"c\"'}

"
    ), @r#"
    # About the document.
    apiVersion: sluice/v1
    kind: AccessPolicy
    metadata: {name: "reads", domain: hr}
    spec:
      tables: [{table: "*"}, {table: t}]
      grants:
        - to:
            groups: [a,
              b]  # people

          privileges:
            - select
            - show
        - to: {everyone: true}
          privileges: [select]
      masks:
        - {column: a, expression: "NULL"}
        - {column: b, expression: "'x'"}
        - {column: c, expression: '"c"'}
    "#);
}

#[test]
fn comments_stay_at_what_they_are_about() {
    insta::assert_snapshot!(yaml(
        "# of the document
kind: A   # of a word
spec:  # of a map
      # of the first item
      list:
        - a      # one
        - bb     # two
        # the end of the list
        - cc  # three
        - d
      # the end of the map
# of the next field
more:
    # of what is nested
  deep: # of nothing
    - # of an item
      x: 1
      # within the item
    # after the items
# the end
--- # of the second document
{a: 1,  # in a map
 # alone in it
 b: 2}
# the very end
"
    ), @r"
    # of the document
    kind: A  # of a word
    spec:  # of a map
      # of the first item
      list:
        - a   # one
        - bb  # two
        # the end of the list
        - cc  # three
        - d
      # the end of the map
    # of the next field
    more:
      # of what is nested
      deep:  # of nothing
        -  # of an item
          x: 1
          # within the item
        # after the items
    # the end
    ---  # of the second document
    {a: 1,  # in a map
      # alone in it
      b: 2}
    # the very end
    ");
}

#[test]
fn texts_of_several_lines_keep_what_they_say() {
    insta::assert_snapshot!(yaml(
        "a: >-   # folded
       one
         deeper

       two
b: |
  x

c: plain
 goes

 on
d: \"quoted \\
    on\\  
   end\"
e: |2
    two more
f:
    - |+
     kept


    - >
      last
g:
  on its
  own line
"
    ), @r#"
    a: >-  # folded
      one
        deeper

      two
    b: |
      x

    c: plain
      goes

      on
    d: "quoted \
      on\ 
      end"
    e: |2
        two more
    f:
      - |+
        kept


      - >
        last
    g:
      on its
      own line
    "#);
}

#[test]
fn the_fields_of_a_document_are_in_order_with_what_stands_above_them() {
    insta::assert_snapshot!(yaml(
        "---
# About the document.

spec: {a: 1}
# Which it is.
kind: A

# Who.
metadata:
  name: n
  # within
apiVersion: v1
other: x
# the end
...
---
---
kind: B
apiVersion: v1
---
"
    ), @r"
    # About the document.

    apiVersion: v1
    # Which it is.
    kind: A

    # Who.
    metadata:
      name: n
      # within
    spec: {a: 1}
    other: x
    # the end
    ---
    apiVersion: v1
    kind: B
    ");
}

#[test]
fn brackets_over_several_lines_are_indented() {
    insta::assert_snapshot!(yaml(
        "spec:
   tables: [
       {table: a,
        schema: b}
       ,

       {table: c} ]
   owns: [{
     catalog: x
     }]
   - a
".replace("   - a\n", "").as_str()
    ), @r"
    spec:
      tables: [
        {table: a,
          schema: b},

        {table: c}]
      owns: [{
        catalog: x
      }]
    ");
}

#[test]
fn json_gets_a_line_for_each_entry() {
    let text = r#"[{"kind":"A", "apiVersion" : "v1","spec":{"a":[],"b":{},"n":1.50,"t":"\u00e9 \"x\" 'y'","l":[1,{"x":true}]}}]"#;
    let once = format(text, Form::Json).unwrap();
    assert_eq!(format(&once, Form::Json).as_deref(), Ok(once.as_str()));
    insta::assert_snapshot!(once, @r#"
    [
      {
        "apiVersion": "v1",
        "kind": "A",
        "spec": {
          "a": [],
          "b": {},
          "n": 1.50,
          "t": "\u00e9 \"x\" 'y'",
          "l": [
            1,
            {
              "x": true
            }
          ]
        }
      }
    ]
    "#);
}

#[test]
fn what_can_not_be_kept_is_left_as_it_is() {
    let said = |text, form| format(text, form).unwrap_err().to_string();
    let said = [
        said("a: &x 1\nb: *x\n", Form::Yaml),
        said("a: b: c\n", Form::Yaml),
        said("a: 1\n? b\n: c\n", Form::Yaml),
        said("a: !x 1\n", Form::Yaml),
        said("%YAML 1.2\n---\na: 1\n", Form::Yaml),
        said("{\"a\": 1,\n}", Form::Json),
        said("{\"a\": 1} # c", Form::Json),
        said("[a]: 1\n", Form::Yaml),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_would_say_something_else_is_seen() {
    let read = |text: &str| documents(text).unwrap();
    for (before, after) in [
        ("a: 1.5\n", "a: 1.50\n"),
        ("a: '1'\n", "a: 1\n"),
        ("a: [x]\n", "a: [x, x]\n"),
        ("spec: {b: 1, a: 2}\n", "spec: {a: 2, b: 1}\n"),
        ("a: x\n", "a: y\n"),
        ("a: x\n", "b: x\n"),
        ("a:\n", "a: ''\n"),
        ("a: true\n", "a: false\n"),
    ] {
        let (old, new) = (read(before), read(after));
        assert!(!same_document((&old[0], before), (&new[0], after)), "{before}{after}");
    }
    let (before, after) = ("kind: A\napiVersion: 1\n", "apiVersion: 1\nkind: A\n");
    assert!(same_document((&read(before)[0], before), (&read(after)[0], after)));
    assert_ne!(comments("a: 1 # x\n"), comments("a: 1 # y\n"));
}
