import js from '@eslint/js';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/** The layers, lowest first. A layer may use itself and those below it. */
const mayUse = {
  api: [],
  kit: ['api'],
  parts: ['api', 'kit'],
  features: ['api', 'kit', 'parts'],
  shell: ['api', 'kit', 'parts', 'features'],
};
const layers = Object.keys(mayUse);

const boundaries = layers.map((layer) => {
  const forbidden = layers.filter((other) => other !== layer && !mayUse[layer].includes(other));
  return {
    files: [`src/${layer}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: [...forbidden.map((other) => `~/${other}/*`), '../../*'],
              message: `${layer} may use only: ${[layer, ...mayUse[layer]].join(', ')} (as ~/layer/file).`,
            },
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['src/api/schema.gen.ts', 'dist', 'node_modules'] },
  js.configs.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // `request<T>` says what the node's answer is, as its contract has it.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // An empty string is often as good as none.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { attributes: false } },
      ],
    },
  },
  { files: ['src/**/*.tsx'], ...a11y.flatConfigs.strict },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { 'react-hooks': hooks },
    rules: { 'react-hooks/rules-of-hooks': 'error', 'react-hooks/exhaustive-deps': 'error' },
  },
  { files: ['*.config.{js,ts}'], languageOptions: { globals: globals.node } },
  // What is handed to the browser runs there.
  {
    files: ['e2e/**/*.mjs'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
  { files: ['public/*.js'], languageOptions: { globals: globals.browser, sourceType: 'script' } },
  ...boundaries,
);
