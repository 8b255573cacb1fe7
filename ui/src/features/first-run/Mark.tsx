/** Compeer's sign: three equals, connected. */
export function Mark({ size = 56 }: { size?: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      className="text-accent"
    >
      <circle cx="12" cy="5" r="2.4" />
      <circle cx="5" cy="18" r="2.4" />
      <circle cx="19" cy="18" r="2.4" />
      <path d="M10.9 7.2 6.2 15.9M13.1 7.2l4.7 8.7M7.6 18h8.8" />
    </svg>
  );
}
