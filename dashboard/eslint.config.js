import js from "@eslint/js";
import globals from "globals";

const HANDLER = "AssignmentExpression[left.property.name=/^on/] > ArrowFunctionExpression[body.type!='BlockStatement']";

export default [
  js.configs.recommended,
  {
    files: ["covey_dashboard/browser/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: HANDLER, message: "A handler that returns false cancels the event: give it a body in braces." },
      ],
      "no-unused-vars": "error",
      eqeqeq: "error",
      "prefer-const": "error",
    },
  },
  { files: ["covey_dashboard/browser/tests/*.js", "*.js"], languageOptions: { globals: globals.node } },
];
